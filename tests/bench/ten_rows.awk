# The ten rows that a user cares about, which the project's README shows as a table and as a
# picture.
function row(figure, label) { order[++rows] = figure; labels[figure] = label }
BEGIN {
    row("pair_64", "Allocate + free, 64 B")
    row("replace", "Random replacement, 10,000 live")
    row("mix", "Realistic mix, a packet")
    row("fill_1m", "Fill: 1,000,000 of 64 B, a block")
    row("bulk_1m", "Its bulk free, a block")
    row("large", "Replacement, 64 KiB-1 MiB")
    row("medium_warm", "Replacement, 4,000 of 33-64 KiB")
    row("grow_again", "Block grown to 200 KiB by 4 KiB")
    row("threads_2", "Two threads, an expert each")
    row("cross_turns", "Freed by another thread")
}
