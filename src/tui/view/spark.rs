//! A row of little bars: how a rate went, for the eye; the exact numbers stand beside it.

/// From nothing to the most; each is one cell wide.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The newest of these values as bars, at most `cells` of them. Only zero has the lowest, only the most the highest.
pub fn bars(values: &[f64], cells: usize) -> String {
    let shown = &values[values.len().saturating_sub(cells)..];
    let most = shown.iter().copied().fold(0.0, f64::max);
    let [zero, rest @ ..] = BARS;
    let bar = |value: f64| {
        let level = (value / most * rest.len() as f64).ceil();
        // Neither NaN nor anything out of range leaves the array.
        if value > 0.0 { rest[(level as usize).clamp(1, rest.len()) - 1] } else { zero }
    };
    shown.iter().map(|value| bar(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_values() {
        assert_eq!(bars(&[0.0, 1.0, 70.0, 35.0, 0.1], 10), "▁▂█▅▂");
        assert_eq!(bars(&[5.0, 0.0, 1.0], 2), "▁█", "the newest are shown");
        assert_eq!(bars(&[0.0, 0.0], 9), "▁▁");
        assert_eq!(bars(&[], 9), "");
    }
}
