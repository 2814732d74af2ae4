//! Allocation: positive numbers by arm → the smallest block of whole patients.

use crate::protocol::Allocation;
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::quantity::Part;
use crate::scenario::suggest;
use indexmap::IndexMap;

/// Largest multiple tried of the smallest part.
const MULTIPLES: u32 = 100;
/// Relative distance from a whole number that rounding in the file explains.
const ROUNDING: f64 = 1e-6;
/// Largest number of patients of one arm in a block.
const LARGEST: f64 = 1000.0;

/// The allocation of `arms` (in their order); equal if the file has none.
pub(crate) fn allocation(raw: Option<&IndexMap<String, Part>>, arms: &[String], at: &At<'_>) -> Checked<Allocation> {
    let Some(raw) = raw else { return Ok(Allocation(vec![1; arms.len()])) };
    if let Some(name) = raw.keys().find(|name| !arms.contains(name)) {
        let known: Vec<&str> = arms.iter().map(String::as_str).collect();
        let fault = at.key(name).fail(format!("`{name}` is not an arm of the protocol"));
        return Err(fault.maybe_hint(suggest::hint(name, "arms", &known)));
    }
    let parts: Vec<f64> = arms
        .iter()
        .map(|name| {
            let part = raw.get(name).copied().map(f64::from);
            part.ok_or_else(|| at.key(name).fail(format!("the allocation needs arm `{name}`")))
        })
        .collect::<Checked<_>>()?;
    block(&parts).map(Allocation).ok_or_else(|| {
        at.fail(format!("must be in the ratio of whole numbers, the smallest at most {MULTIPLES}"))
            .hint("write whole numbers, for example {\"control\": 1, \"vaccine\": 2}")
    })
}

/// The smallest whole numbers in the ratio of `parts`.
fn block(parts: &[f64]) -> Option<Vec<u32>> {
    let smallest = parts.iter().copied().fold(f64::INFINITY, f64::min);
    (1..=MULTIPLES).find_map(|multiple| {
        let whole: Option<Vec<u32>> = parts
            .iter()
            .map(|part| {
                let count = part / smallest * f64::from(multiple);
                let near = (count - count.round()).abs() <= ROUNDING * count && count <= LARGEST;
                near.then(|| count.round() as u32)
            })
            .collect();
        whole
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn ratios_become_the_smallest_block() {
        assert_eq!(super::block(&[1.0, 2.0]), Some(vec![1, 2]));
        assert_eq!(super::block(&[2.0, 2.0]), Some(vec![1, 1]));
        assert_eq!(super::block(&[1.0, 1.5]), Some(vec![2, 3]));
        assert_eq!(super::block(&[0.333_333_333, 0.666_666_667, 0.333_333_333]), Some(vec![1, 2, 1]));
        assert_eq!(super::block(&[0.7, 0.3]), Some(vec![7, 3]));
        assert_eq!(super::block(&[1.0, std::f64::consts::PI]), None);
        assert_eq!(super::block(&[0.001, 1000.0]), None);
    }
}
