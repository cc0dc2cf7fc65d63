//! Minimum-edit alignment of two sequences, used to match spoken words with written ones.

/// Aligns two sequences of the given lengths by the cheapest edits (Levenshtein distance). `change` is the cost of
/// matching two items; the other two closures are the costs of omitting an item. Returns the matched pairs, the last
/// first.
pub(crate) fn cheapest(
    (rows, columns): (usize, usize),
    change: impl Fn(usize, usize) -> u32,
    without_row: impl Fn(usize) -> u32,
    without_column: impl Fn(usize) -> u32,
) -> Vec<(usize, usize)> {
    let width = columns + 1;
    let at = |row: usize, column: usize| row * width + column;
    let mut costs = vec![0u32; (rows + 1) * width];
    for row in 0..=rows {
        for column in 0..=columns {
            let swap = (row.min(column) > 0)
                .then(|| costs[at(row - 1, column - 1)] + change(row - 1, column - 1));
            let less = (row > 0).then(|| costs[at(row - 1, column)] + without_row(row - 1));
            let more =
                (column > 0).then(|| costs[at(row, column - 1)] + without_column(column - 1));
            costs[at(row, column)] = [swap, less, more].into_iter().flatten().min().unwrap_or(0);
        }
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (rows, columns);
    while row > 0 && column > 0 {
        let here = costs[at(row, column)];
        if here == costs[at(row - 1, column - 1)] + change(row - 1, column - 1) {
            (row, column) = (row - 1, column - 1);
            pairs.push((row, column));
        } else if here == costs[at(row - 1, column)] + without_row(row - 1) {
            row -= 1;
        } else {
            column -= 1;
        }
    }
    pairs
}
