//! The recursion on the grid of Jennison and Turnbull (2000, section 19.2) with Simpson weights: plain, slow, close to 1e-8 at
//! r = 80. Knows nothing of panels, truncation by bounds or centring. Shared by the tests and the benches.

use seamline::numerics::normal::{cdf, pdf, sf};

fn grid(mean: f64, r: usize, low: f64, high: f64) -> Vec<(f64, f64)> {
    let size = r as f64;
    let mut points: Vec<f64> = (1..6 * r)
        .map(|i| {
            let index = i as f64;
            mean + if i < r {
                -3.0 - 4.0 * (size / index).ln()
            } else if i <= 5 * r {
                -3.0 + 1.5 * (index - size) / size
            } else {
                3.0 + 4.0 * (size / (6.0 * size - index)).ln()
            }
        })
        .filter(|x| *x > low && *x < high)
        .collect();
    if low.is_finite() {
        points.insert(0, low);
    }
    if high.is_finite() {
        points.push(high);
    }
    if points.len() < 2 {
        return vec![(0.5 * (low + high), high - low)];
    }
    let mut weighted: Vec<(f64, f64)> = Vec::new();
    for pair in points.windows(2) {
        let width = pair[1] - pair[0];
        if let Some(last) = weighted.last_mut() {
            last.1 += width / 6.0;
        } else {
            weighted.push((pair[0], width / 6.0));
        }
        weighted.push((0.5 * (pair[0] + pair[1]), 4.0 * width / 6.0));
        weighted.push((pair[1], width / 6.0));
    }
    weighted
}

/// (up, down) per look.
pub fn crossing(information: &[f64], means: &[f64], upper: &[f64], lower: &[f64], r: usize) -> Vec<(f64, f64)> {
    let mut answer = vec![(sf(upper[0] - means[0]), cdf(lower[0] - means[0]))];
    let mut before: Vec<(f64, f64)> =
        grid(means[0], r, lower[0], upper[0]).iter().map(|&(z, w)| (z, w * pdf(z - means[0]))).collect();
    for k in 1..information.len() {
        let increment = information[k] - information[k - 1];
        let (root, root_before, root_increment) = (information[k].sqrt(), information[k - 1].sqrt(), increment.sqrt());
        let drift = means[k] * root - means[k - 1] * root_before;
        let step = |z: f64, u: f64| (z * root - u * root_before - drift) / root_increment;
        answer.push((
            before.iter().map(|&(u, h)| h * sf(step(upper[k], u))).sum(),
            before.iter().map(|&(u, h)| h * cdf(step(lower[k], u))).sum(),
        ));
        before = grid(means[k], r, lower[k], upper[k])
            .iter()
            .map(|&(z, w)| {
                (z, w * before.iter().map(|&(u, h)| h * pdf(step(z, u))).sum::<f64>() * root / root_increment)
            })
            .collect();
    }
    answer
}
