//! Toxicity of one arm: its rate, the posterior probability that it is too high, and the exact test of the same.

use statrs::distribution::{Beta, ContinuousCDF};

/// Patients with a severe toxicity among those for whom it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToxicityCount {
    /// Patients with it.
    pub toxic: u32,
    /// Patients for whom it is known.
    pub patients: u32,
}

impl ToxicityCount {
    /// Observed rate; NaN without patients.
    pub fn rate(&self) -> f64 {
        f64::from(self.toxic) / f64::from(self.patients)
    }

    /// P(rate > `above` | data) under a Beta(a, b) prior: the posterior is Beta(a + x, b + n − x) (Thall and Simon 1994). `above` in (0, 1),
    /// a and b above 0; NaN where they are not.
    ///
    /// ```
    /// use seamline::statistics::toxicity::ToxicityCount;
    /// // Uniform prior, nobody of three: Beta(1, 4), P(rate > ½) = ½⁴.
    /// let none = ToxicityCount { toxic: 0, patients: 3 };
    /// assert!((none.posterior_above(0.5, [1.0, 1.0]) - 0.0625).abs() < 1e-12);
    /// ```
    pub fn posterior_above(&self, above: f64, [a, b]: [f64; 2]) -> f64 {
        let (toxic, others) = (f64::from(self.toxic), f64::from(self.patients - self.toxic));
        Beta::new(a + toxic, b + others).map_or(f64::NAN, |posterior| posterior.sf(above))
    }

    /// Exact p-value P(X ≥ x | n, rate = `above`) of "the rate is not above": Beta(x, n − x + 1) at `above`; 1 for x = 0 (Clopper and
    /// Pearson 1934).
    ///
    /// ```
    /// use seamline::statistics::toxicity::ToxicityCount;
    /// // Two of three at ½: (3 + 1)/8.
    /// let two = ToxicityCount { toxic: 2, patients: 3 };
    /// assert!((two.exact_p(0.5) - 0.5).abs() < 1e-12);
    /// ```
    pub fn exact_p(&self, above: f64) -> f64 {
        if self.toxic == 0 {
            return 1.0;
        }
        let (toxic, patients) = (f64::from(self.toxic), f64::from(self.patients));
        Beta::new(toxic, patients - toxic + 1.0).map_or(f64::NAN, |law| law.cdf(above))
    }
}
