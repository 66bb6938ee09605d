//! A row of little bars: how a rate went, for the eye; the exact numbers stand beside it.

/// From nothing to the most; each is one cell wide.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// These values as bars. Only zero has the lowest.
pub fn bars(values: &[f64]) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    let [zero, rest @ ..] = BARS;
    let bar = |value: f64| {
        let reaches = |level: &usize| value * rest.len() as f64 <= most * (level + 1) as f64;
        let level = (0..rest.len()).find(reaches).unwrap_or(rest.len() - 1);
        if value > 0.0 { rest[level] } else { zero }
    };
    values.iter().map(|value| bar(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_values() {
        assert_eq!(bars(&[0.0, 1.0, 70.0, 35.0, 0.1]), "▁▂█▅▂");
        assert_eq!(bars(&[0.0, 0.0]), "▁▁");
        assert_eq!(bars(&[]), "");
    }
}
