//! How sure a sample makes: drawn at random and without putting back, so what it says is exact (the hypergeometric distribution).

/// How sure a statement about a sample is.
pub const CONFIDENCE: f64 = 0.95;
/// What share a sample is to rule out, if no size is asked for.
pub const DEFAULT_SHARE: f64 = 0.003;

/// The most that can be wrong of `population`, as sure as [`CONFIDENCE`], when `wrong` of `drawn` are.
pub fn most_wrong(population: u64, drawn: u64, wrong: u64) -> u64 {
    // The more are wrong, the less likely is a sample with so few; the last that is not too unlikely is looked for.
    let (mut low, mut high) = (wrong, population - (drawn - wrong).min(population));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if at_most(population, middle, drawn, wrong) > 1.0 - CONFIDENCE {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// The smallest sample that rules out that more than a share is wrong, if nothing in it is.
pub fn size_for(population: u64, share: f64) -> u64 {
    let allowed = population as f64 * share;
    let (mut low, mut high) = (0, population);
    while low < high {
        let middle = low + (high - low) / 2;
        if most_wrong(population, middle, 0) as f64 <= allowed {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// How likely it is that at most `found` of `drawn` are wrong, when `wrong` of `population` are.
fn at_most(population: u64, wrong: u64, drawn: u64, found: u64) -> f64 {
    let all = ln_choose(population, drawn);
    let good = population - wrong;
    let possible = (0..=found.min(wrong).min(drawn)).filter(|hits| drawn - hits <= good);
    possible.map(|hits| (ln_choose(wrong, hits) + ln_choose(good, drawn - hits) - all).exp()).sum()
}

fn ln_choose(of: u64, some: u64) -> f64 {
    ln_factorial(of) - ln_factorial(some) - ln_factorial(of - some)
}

/// Stirling's series; below its reach, the product itself.
fn ln_factorial(number: u64) -> f64 {
    /// From here on the series is right to 12 digits.
    const REACH: u64 = 16;
    if number < REACH {
        return (1..=number).map(|factor| (factor as f64).ln()).sum();
    }
    let n = number as f64;
    let tail = 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3)) + 1.0 / (1260.0 * n.powi(5));
    n * n.ln() - n + 0.5 * (2.0 * std::f64::consts::PI * n).ln() + tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_as_sure_as_it_says_and_no_more_careful() {
        for (population, drawn, wrong) in [(40_000, 977, 0), (40_000, 1_000, 3), (200, 50, 0), (30, 10, 2), (1, 1, 0)] {
            let most = most_wrong(population, drawn, wrong);
            let chance = |of| at_most(population, of, drawn, wrong);
            assert!(chance(most) > 0.05, "{population} {drawn} {wrong}: {most}");
            assert!(most + drawn - wrong >= population || chance(most + 1) <= 0.05, "{population} {drawn}: {most}");
        }
    }

    #[test]
    fn sizes_are_those_of_the_tables() {
        // Without an end of the population it would be ln 0.05 / ln 0.997 = 997.
        let sizes = [1_000, 40_000, 10_000_000].map(|population| size_for(population, DEFAULT_SHARE));
        assert_eq!(sizes, [527, 977, 997]);
        assert_eq!(size_for(0, DEFAULT_SHARE), 0);
        assert_eq!(size_for(100, DEFAULT_SHARE), 96, "a single one escapes a sample of 95 in 5 of 100 cases");
    }

    #[test]
    fn who_looked_at_all_knows() {
        assert_eq!([most_wrong(100, 100, 0), most_wrong(100, 100, 7), most_wrong(100, 0, 0)], [0, 7, 100]);
    }

    #[test]
    fn factorials_agree_where_the_series_begins() {
        let product: f64 = (1..=40_u32).map(|factor| f64::from(factor).ln()).sum();
        assert!((ln_factorial(40) - product).abs() < 1e-9);
        let product: f64 = (1..=16_u32).map(|factor| f64::from(factor).ln()).sum();
        assert!((ln_factorial(16) - product).abs() < 1e-9);
    }
}
