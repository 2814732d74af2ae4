//! Axes: where numbers stand, and which of them are written.

/// One axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// Smallest value.
    pub from: f64,
    /// Largest value, above `from`.
    pub to: f64,
    /// Whether it is logarithmic; then `from` is above 0.
    pub log: bool,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>, from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        Self { label: label.into(), from, to, log: false }
    }

    /// A linear axis over all `values` with some room; a range of nothing gets some.
    pub fn around(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = extremes(values);
        let room = if high > low { 0.06 * (high - low) } else { 0.05 * low.abs().max(1.0) };
        let low = if low >= 0.0 && low < room { 0.0 } else { low - room };
        Self::linear(label, low, high + room)
    }

    /// A logarithmic axis over all `values` above 0.
    pub fn logarithmic(label: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = extremes(values.into_iter().filter(|value| *value > 0.0));
        let (low, high) = if low > 0.0 { (low / 1.1, high * 1.1) } else { (0.1, 1.0) };
        Self { label: label.into(), from: low, to: high, log: true }
    }

    /// Where a value stands: 0 at `from`, 1 at `to`.
    pub fn place(&self, value: f64) -> f64 {
        if self.log {
            (value / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }

    /// Whether a value can be shown.
    pub fn holds(&self, value: f64) -> bool {
        let place = self.place(value);
        place.is_finite() && (-1e-9..=1.0 + 1e-9).contains(&place)
    }

    /// Values that are written, with their text: about `count` of them.
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        if self.log { self.logarithmic_ticks(count) } else { self.linear_ticks(count) }
    }

    fn linear_ticks(&self, count: usize) -> Vec<(f64, String)> {
        let rough = (self.to - self.from) / count.max(1) as f64;
        let power = 10_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough * 0.999).unwrap_or(power);
        let digits = (0..=6).find(|&d| is_whole(step * 10_f64.powi(d))).unwrap_or(6) as usize;
        let first = (self.from / step - 1e-9).ceil();
        (0..=4 * count)
            .map(|i| (first + i as f64) * step)
            .take_while(|value| *value <= self.to + 1e-9 * step)
            .map(|value| {
                let value = if value.abs() < 1e-9 * step { 0.0 } else { value };
                (value, format!("{value:.digits$}").replace('-', "−"))
            })
            .collect()
    }

    fn logarithmic_ticks(&self, count: usize) -> Vec<(f64, String)> {
        let steps: &[&[f64]] = &[&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let powers = self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
        let of = |steps: &[f64]| -> Vec<f64> {
            let all = powers.clone().flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
            all.filter(|value| self.holds(*value)).collect()
        };
        let fitting = steps.iter().map(|steps| of(steps)).find(|ticks| ticks.len() <= count + 2);
        fitting.unwrap_or_else(|| of(&[1.0])).into_iter().map(|value| (value, written(value))).collect()
    }
}

fn is_whole(value: f64) -> bool {
    (value - value.round()).abs() < 1e-6
}

fn written(value: f64) -> String {
    let digits = (0..=9).find(|&digits| is_whole(value * 10_f64.powi(digits))).unwrap_or(9) as usize;
    format!("{value:.digits$}")
}

fn extremes(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low <= high { (low, high) } else { (0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, count: usize) -> Vec<String> {
        axis.ticks(count).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_numbers_inside() {
        assert_eq!(texts(&Axis::linear("x", 0.0, 1.0), 5), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(&Axis::linear("x", -0.3, 0.3), 4), ["−0.2", "0.0", "0.2"]);
        assert_eq!(texts(&Axis::linear("x", 0.0, 66.0), 6), ["0", "20", "40", "60"]);
        assert_eq!(texts(&Axis::logarithmic("x", [0.5, 1.2]), 6), ["0.5", "0.7", "1"]);
        assert_eq!(
            texts(&Axis::logarithmic("x", [0.0001, 0.03]), 6),
            ["0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005", "0.01", "0.02"]
        );
    }

    #[test]
    fn a_single_value_or_none_makes_an_axis() {
        assert!(Axis::around("x", [3.0]).holds(3.0));
        assert!(Axis::around("x", []).to > Axis::around("x", []).from);
        assert!(Axis::logarithmic("x", [0.0]).place(0.5).is_finite());
    }
}
