//! Roots of one-dimensional functions: Brent's method and the search for a bracket.

/// Why no root was found.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum RootError {
    /// The function has the same sign at both ends.
    #[error("no sign change between {low} and {high} (values {at_low} and {at_high})")]
    NotBracketed {
        /// Left end.
        low: f64,
        /// Right end.
        high: f64,
        /// Value at the left end.
        at_low: f64,
        /// Value at the right end.
        at_high: f64,
    },
    /// The function is not a number there.
    #[error("the function is not a number at {at}")]
    NotANumber {
        /// Where.
        at: f64,
    },
    /// The tolerance was not reached.
    #[error("no convergence in {iterations} iterations; the last point was {last}")]
    NoConvergence {
        /// Evaluations spent.
        iterations: usize,
        /// Last point.
        last: f64,
    },
}

/// Largest number of iterations of [`brent`].
const MAX_ITERATIONS: usize = 200;

/// Root of `f` between `low` and `high`, where it changes sign, to within `tolerance` (absolute, in x, plus rounding).
///
/// Inverse quadratic interpolation and secant steps, safeguarded by bisection (Brent 1973, chapter 4). A root at an end
/// is returned as that end.
///
/// # Errors
/// [`RootError`] when the ends do not bracket a root or the function returns NaN.
///
/// ```
/// let root = seamline::numerics::roots::brent(0.0, 2.0, 1e-14, |x| x * x - 2.0)?;
/// assert!((root - std::f64::consts::SQRT_2).abs() < 1e-13);
/// # Ok::<(), seamline::numerics::roots::RootError>(())
/// ```
pub fn brent(low: f64, high: f64, tolerance: f64, mut f: impl FnMut(f64) -> f64) -> Result<f64, RootError> {
    let mut value = |x: f64| {
        let y = f(x);
        if y.is_nan() { Err(RootError::NotANumber { at: x }) } else { Ok(y) }
    };
    // b is the best point, a the point before it, c the point across the root.
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (value(a)?, value(b)?);
    if fa == 0.0 {
        return Ok(a);
    }
    if fb == 0.0 {
        return Ok(b);
    }
    if (fa > 0.0) == (fb > 0.0) {
        return Err(RootError::NotBracketed { low, high, at_low: fa, at_high: fb });
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut step_before = step;
    for _ in 0..MAX_ITERATIONS {
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            step_before = step;
        }
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let slack = 2.0 * f64::EPSILON * b.abs() + 0.5 * tolerance;
        let middle = 0.5 * (c - b);
        if middle.abs() <= slack || fb == 0.0 {
            return Ok(b);
        }
        let interpolated = if step_before.abs() >= slack && fa.abs() > fb.abs() {
            let s = fb / fa;
            let (mut p, mut q) = if a == c {
                (2.0 * middle * s, 1.0 - s)
            } else {
                let (q, r) = (fa / fc, fb / fc);
                (s * (2.0 * middle * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
            };
            if p > 0.0 {
                q = -q;
            } else {
                p = -p;
            }
            let accepted = 2.0 * p < (3.0 * middle * q - (slack * q).abs()).min((step_before * q).abs());
            accepted.then(|| p / q)
        } else {
            None
        };
        if let Some(next) = interpolated {
            step_before = step;
            step = next;
        } else {
            step = middle;
            step_before = middle;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > slack { step } else { slack.copysign(middle) };
        fb = value(b)?;
    }
    Err(RootError::NoConvergence { iterations: MAX_ITERATIONS, last: b })
}

/// A bracket of the root of a monotone function, grown from `start` by doubling `step` within [`low`, `high`].
///
/// Walks in the direction in which |f| falls; `f` may rise or fall over the whole range but not both.
///
/// # Errors
/// [`RootError::NotBracketed`] when the function keeps its sign up to the ends of the range, NaN as above.
pub fn bracket_monotone(
    start: f64,
    step: f64,
    (low, high): (f64, f64),
    mut f: impl FnMut(f64) -> f64,
) -> Result<(f64, f64), RootError> {
    let mut value = |x: f64| {
        let y = f(x);
        if y.is_nan() { Err(RootError::NotANumber { at: x }) } else { Ok(y) }
    };
    let start = start.clamp(low, high);
    let at_start = value(start)?;
    if at_start == 0.0 {
        return Ok((start, start));
    }
    let (mut left, mut at_left, mut right, mut at_right) = (start, at_start, start, at_start);
    let mut width = step.abs();
    while left > low || right < high {
        if right < high {
            let next = (right + width).min(high);
            let at_next = value(next)?;
            if (at_next > 0.0) != (at_right > 0.0) || at_next == 0.0 {
                return Ok((right, next));
            }
            (right, at_right) = (next, at_next);
        }
        if left > low {
            let next = (left - width).max(low);
            let at_next = value(next)?;
            if (at_next > 0.0) != (at_left > 0.0) || at_next == 0.0 {
                return Ok((next, left));
            }
            (left, at_left) = (next, at_next);
        }
        width *= 2.0;
    }
    Err(RootError::NotBracketed { low, high, at_low: at_left, at_high: at_right })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_name_their_cause() {
        assert!(matches!(brent(1.0, 2.0, 1e-9, |x| x), Err(RootError::NotBracketed { .. })));
        assert!(matches!(brent(-1.0, 2.0, 1e-9, |_| f64::NAN), Err(RootError::NotANumber { .. })));
        assert!(matches!(bracket_monotone(0.0, 1.0, (-4.0, 4.0), |_| 1.0), Err(RootError::NotBracketed { .. })));
    }

    proptest! {
        #[test]
        fn finds_the_root_of_stiff_functions(root in -5.0..5.0_f64, steepness in 0.01..50.0_f64, start in -9.0..9.0_f64) {
            let mut evaluations = 0;
            let f = |x: f64| ((x - root) * steepness).tanh() + 1e-3 * (x - root).powi(3);
            let (low, high) = bracket_monotone(start, 0.1, (-20.0, 20.0), f).unwrap();
            let found = brent(low, high, 1e-13, |x| { evaluations += 1; f(x) }).unwrap();
            prop_assert!((found - root).abs() < 1e-12);
            prop_assert!(evaluations < 80, "{}", evaluations);
        }
    }
}
