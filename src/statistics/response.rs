//! Response rates from data: rates, their difference, and its pooled-variance z.

/// Responders and patients with a reading due (a missing reading counts as non-response), of one arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResponseCount {
    /// Patients counted as responders.
    pub responders: u32,
    /// Patients whose reading was due by the data cut.
    pub patients: u32,
}

impl ResponseCount {
    /// Responders over patients; NaN without patients.
    pub fn rate(&self) -> f64 {
        f64::from(self.responders) / f64::from(self.patients)
    }

    /// Rate of this arm minus that of the control; NaN if either arm has no patient.
    pub fn difference(&self, control: &Self) -> f64 {
        self.rate() - control.rate()
    }

    /// Pooled-variance z of the difference, positive in favour of this arm.
    ///
    /// z = (r₁ − r₀)/√(r̄(1 − r̄)(1/n₀ + 1/n₁)) with r̄ the pooled rate (Fleiss, Levin and Paik 2003, section 3.1, without
    /// continuity correction). NaN if an arm has no patient; 0 if no patient or every patient responded, where both rates
    /// are equal and the variance is 0.
    ///
    /// ```
    /// use seamline::statistics::response::ResponseCount;
    /// let (arm, control) = (ResponseCount { responders: 30, patients: 50 }, ResponseCount { responders: 20, patients: 50 });
    /// // 0.2/√(0.25·(1/50 + 1/50)) = 2
    /// assert!((arm.z(&control) - 2.0).abs() < 1e-12);
    /// ```
    pub fn z(&self, control: &Self) -> f64 {
        let (n1, n0) = (f64::from(self.patients), f64::from(control.patients));
        if n1 == 0.0 || n0 == 0.0 {
            return f64::NAN;
        }
        let pooled = f64::from(self.responders + control.responders) / (n1 + n0);
        let variance = pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n0);
        if variance > 0.0 { self.difference(control) / variance.sqrt() } else { 0.0 }
    }
}
