//! Enrolment over calendar time: piecewise-constant rates.

use crate::invalid::{Invalid, require};

/// How trials enrol. The analytic engines use the expected rate, and know the process in the covariance of statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnrollmentProcess {
    /// Patients arrive as a Poisson process of the given rate.
    #[default]
    Poisson,
    /// Patient i (from 1) arrives when the expected count reaches i.
    Steady,
}

/// Patients per month as a step function of calendar months; the last piece is open-ended with a positive rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrollment {
    starts: Vec<f64>,
    rates: Vec<f64>,
    cumulative: Vec<f64>,
}

impl Enrollment {
    /// From piece starts (months, the first 0, increasing) and rates (patients per month).
    ///
    /// # Errors
    /// [`Invalid`] for rates that are negative or not finite, a last rate that is not positive, or starts that do not increase.
    pub fn new(starts: &[f64], rates: &[f64]) -> Result<Self, Invalid> {
        require(
            starts.len() == rates.len() && !starts.is_empty(),
            "number of enrolment pieces",
            rates.len() as f64,
            "there must be one rate per piece and at least one piece",
        )?;
        require(starts[0] == 0.0, "start of the first enrolment piece", starts[0], "it must be 0")?;
        for pair in starts.windows(2) {
            require(
                pair[1].is_finite() && pair[1] > pair[0],
                "start of an enrolment piece",
                pair[1],
                "starts must be finite and increase",
            )?;
        }
        for &rate in rates {
            require(rate.is_finite() && rate >= 0.0, "patients per month", rate, "it must be finite and at least 0")?;
        }
        let last = rates[rates.len() - 1];
        require(last > 0.0, "patients per month of the last enrolment piece", last, "it must be above 0")?;
        let mut cumulative = vec![0.0];
        for i in 1..starts.len() {
            cumulative.push(cumulative[i - 1] + rates[i - 1] * (starts[i] - starts[i - 1]));
        }
        Ok(Self { starts: starts.to_vec(), rates: rates.to_vec(), cumulative })
    }

    /// Starts of the pieces, months.
    pub fn starts(&self) -> &[f64] {
        &self.starts
    }

    /// Rates of the pieces, patients per month.
    pub fn rates(&self) -> &[f64] {
        &self.rates
    }

    /// Expected patients enrolled by calendar month `time`, without an upper limit; 0 before month 0.
    pub fn expected_by(&self, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        let piece = self.starts.partition_point(|&start| start <= time) - 1;
        self.cumulative[piece] + self.rates[piece] * (time - self.starts[piece])
    }

    /// Calendar month at which the expected count reaches `patients` (at least 0).
    pub fn month_of(&self, patients: f64) -> f64 {
        let piece = self.cumulative.partition_point(|&count| count < patients).saturating_sub(1);
        let rest = patients - self.cumulative[piece];
        if rest <= 0.0 { self.starts[piece] } else { self.starts[piece] + rest / self.rates[piece] }
    }

    /// Calendar month at which a trial of `patients` (above 0) has enrolled its last, by the expected count.
    pub fn accrual_end(&self, patients: f64) -> f64 {
        self.month_of(patients)
    }

    /// Entry distribution G(`time`) = min(expected by `time`, n)/n of a trial of n = `patients` (above 0), in [0, 1].
    pub fn fraction_by(&self, time: f64, patients: f64) -> f64 {
        (self.expected_by(time) / patients).min(1.0)
    }

    /// Mean months since enrolment of those enrolled by `time` in a trial of n = `patients` (above 0): ∫₀ᵗ G(s) ds / G(t), exact,
    /// since G is linear between its kinks; 0 before anybody is enrolled.
    pub fn mean_follow_up(&self, time: f64, patients: f64) -> f64 {
        let now = self.fraction_by(time, patients);
        if now <= 0.0 {
            return 0.0;
        }
        let mut cuts: Vec<f64> = self.fraction_cuts(patients).into_iter().filter(|&cut| cut < time).collect();
        cuts.push(time);
        let area = |pair: &[f64]| {
            0.5 * (pair[1] - pair[0]) * (self.fraction_by(pair[0], patients) + self.fraction_by(pair[1], patients))
        };
        cuts.windows(2).map(area).sum::<f64>() / now
    }

    /// Kinks of [`Self::fraction_by`] in calendar months, ascending: 0, the rate changes before the end, the end.
    pub fn fraction_cuts(&self, patients: f64) -> Vec<f64> {
        let end = self.accrual_end(patients);
        let mut cuts: Vec<f64> = self.starts.iter().copied().filter(|&start| start < end).collect();
        cuts.push(end);
        cuts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_law_of_case_c9() {
        let enrollment = Enrollment::new(&[0.0, 6.0], &[10.0, 30.0]).unwrap();
        assert_eq!(enrollment.accrual_end(420.0), 18.0);
        assert_eq!(enrollment.fraction_cuts(420.0), [0.0, 6.0, 18.0]);
        assert_eq!(enrollment.fraction_cuts(30.0), [0.0, 3.0]);
        assert_eq!(enrollment.fraction_by(12.0, 420.0), 240.0 / 420.0);
        assert_eq!(enrollment.fraction_by(-1.0, 420.0), 0.0);
        assert_eq!(enrollment.fraction_by(40.0, 420.0), 1.0);
    }
}
