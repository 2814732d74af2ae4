//! When the patients of one cohort enter, in expectation: a piecewise-linear distribution function of calendar time.

use crate::truth::{Enrollment, EnrollmentProcess};

/// Distribution of the calendar month of entry of one cohort's patients.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryLaw {
    /// Start of each piece, months; ascending.
    starts: Vec<f64>,
    /// Share entered by each start.
    shares: Vec<f64>,
    /// Share entering per month on each piece; the last piece is 0.
    densities: Vec<f64>,
    /// How the arms share the stream of entries.
    process: Option<EnrollmentProcess>,
}

impl EntryLaw {
    /// Entry of patients number `first` (exclusive, from 0) to `last` of the trial's expected enrolment, every entry
    /// moved later by `shift` months.
    pub fn window(enrollment: &Enrollment, first: f64, last: f64, shift: f64) -> Self {
        let (begin, end) = (enrollment.month_of(first), enrollment.month_of(last));
        let patients = (last - first).max(f64::MIN_POSITIVE);
        let mut starts = vec![begin];
        starts.extend(enrollment.starts().iter().copied().filter(|&start| start > begin && start < end));
        starts.push(end);
        let shares =
            starts.iter().map(|&start| ((enrollment.expected_by(start) - first) / patients).clamp(0.0, 1.0)).collect();
        let mut densities: Vec<f64> = starts[..starts.len() - 1]
            .iter()
            .map(|&start| {
                enrollment.rates()[enrollment.starts().partition_point(|&piece| piece <= start) - 1] / patients
            })
            .collect();
        densities.push(0.0);
        Self { starts: starts.iter().map(|start| start + shift).collect(), shares, densities, process: None }
    }

    /// The same law, of one stream of entries dealt to the arms in permuted blocks. Without it the patients of each arm enter
    /// independently of each other and of the other arm.
    #[must_use]
    pub fn in_blocks(self, process: EnrollmentProcess) -> Self {
        Self { process: Some(process), ..self }
    }

    /// The stream of entries that permuted blocks deal to the arms; `None` where patients enter independently.
    pub fn process(&self) -> Option<EnrollmentProcess> {
        self.process
    }

    /// Consecutive windows as one law, each with its number of patients; patients together above 0.
    pub fn joined(windows: &[(f64, Self)]) -> Self {
        let total: f64 = windows.iter().map(|(patients, _)| patients).sum();
        let mut law = Self { starts: Vec::new(), shares: Vec::new(), densities: Vec::new(), process: None };
        let mut entered = 0.0;
        for (patients, window) in windows.iter().filter(|(patients, _)| *patients > 0.0) {
            let weight = patients / total;
            law.starts.extend_from_slice(&window.starts);
            law.shares.extend(window.shares.iter().map(|share| entered + weight * share));
            law.densities.extend(window.densities.iter().map(|density| weight * density));
            entered += weight;
        }
        law
    }

    /// Share entered by `month`.
    pub fn share_by(&self, month: f64) -> f64 {
        let piece = self.starts.partition_point(|&start| start <= month);
        if piece == 0 {
            return 0.0;
        }
        (self.shares[piece - 1] + self.densities[piece - 1] * (month - self.starts[piece - 1])).min(1.0)
    }

    /// Share entering per month at `month`.
    pub fn density(&self, month: f64) -> f64 {
        let piece = self.starts.partition_point(|&start| start <= month);
        if piece == 0 { 0.0 } else { self.densities[piece - 1] }
    }

    /// Months at which the entry rate changes.
    pub fn kinks(&self) -> &[f64] {
        &self.starts
    }

    /// Month of the last entry.
    pub fn end(&self) -> f64 {
        self.starts[self.starts.len() - 1]
    }

    /// Share entering per month just before the last entry.
    pub fn last_rate(&self) -> f64 {
        self.densities.len().checked_sub(2).map_or(0.0, |last| self.densities[last])
    }

    /// Months at which the entered share is `share`·2, `share`·4, … while below 1, ascending; empty for a share of 0.
    pub fn doublings(&self, share: f64) -> Vec<f64> {
        let mut months = Vec::new();
        let mut level = 2.0 * share;
        for (piece, (begin, _, density)) in self.pieces().enumerate() {
            while level > 0.0 && level < 1.0 && level <= self.shares[piece + 1] {
                months.push(begin + (level - self.shares[piece]) / density);
                level *= 2.0;
            }
        }
        months
    }

    /// Pieces with a positive rate: (begin, end, share per month).
    pub fn pieces(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        self.starts.windows(2).zip(&self.densities).map(|(pair, &density)| (pair[0], pair[1], density))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_a_rising_rate() {
        let enrollment = Enrollment::new(&[0.0, 4.0], &[10.0, 30.0]).unwrap();
        let law = EntryLaw::window(&enrollment, 20.0, 100.0, 1.5);
        assert_eq!(law.kinks(), [3.5, 5.5, 7.5]);
        assert!((law.share_by(5.5) - 0.25).abs() < 1e-14);
        assert!((law.share_by(6.5) - 0.625).abs() < 1e-14);
        assert_eq!(law.share_by(3.0), 0.0);
        assert_eq!(law.share_by(9.0), 1.0);
        assert_eq!(law.density(8.0), 0.0);
        assert!((law.density(6.0) - 30.0 / 80.0).abs() < 1e-15);
    }
}
