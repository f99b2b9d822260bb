// Runs behind nmhost's own script: clicks on each heading twice and leaves in the document what the
// columns held after each click, for page.py.
const seen = {
  dark: matchMedia('(prefers-color-scheme: dark)').matches,
  back: getComputedStyle(document.body).backgroundColor,
  text: getComputedStyle(document.body).color,
  wide: document.documentElement.scrollWidth > innerWidth,
  orders: [],
};
for (const table of document.querySelectorAll('table'))
  for (const heading of table.querySelectorAll('th'))
    for (let click = 0; click < 2; click++) {
      heading.click();
      const cells = [...table.tBodies[0].rows].map((row) => row.cells[heading.cellIndex]);
      seen.orders.push({
        table: table.parentElement.id,
        heading: heading.textContent,
        sort: heading.getAttribute('aria-sort'),
        sorted_headings: table.querySelectorAll('th[aria-sort]').length,
        rows: table.tBodies[0].rows.length,
        values: cells.map((cell) => cell.dataset.v ?? cell.textContent),
      });
    }
const report = document.createElement('pre');
report.id = 'seen';
report.textContent = JSON.stringify(seen);
document.body.append(report);
console.log('page.js has ended');
