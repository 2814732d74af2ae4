//! Dunnett, closed testing and combination against other programs.

use crate::check;
use seamline::adaptive::closed::{adjusted_p_values, closed_test, gather};
use seamline::adaptive::combination::{InverseNormal, fisher_two_stage};
use seamline::adaptive::intersection::dunnett;
use seamline::adaptive::{INTERSECTIONS, Intersection, MAX_ARMS};
use seamline::numerics::normal::{sf, upper_quantile};
use seamline::registry::find;

fn test(name: &str) -> Intersection {
    (find(INTERSECTIONS, name).unwrap().build)(&[])
}

fn p_of(test: &Intersection, mask: u32, z: &[f64], shares: &[f64]) -> f64 {
    let (mut z_room, mut share_room) = ([0.0; MAX_ARMS], [0.0; MAX_ARMS]);
    let count = gather(mask, z, &mut z_room);
    gather(mask, shares, &mut share_room);
    test.p_value(&z_room[..count], &share_room[..count])
}

fn mask_of(digits: &str) -> u32 {
    digits.bytes().map(|digit| 1 << (digit - b'1')).sum()
}

pub fn h_dunnett_closed() {
    let cases: [(&str, &[f64], &[f64], f64); 2] = [
        ("h-dunnett-closed-2arms", &[2.25, 1.6], &[100.0, 100.0], 100.0),
        ("h-dunnett-closed-3arms-unequal", &[2.4, 1.9, 0.6], &[80.0, 100.0, 120.0], 150.0),
    ];
    for (id, z, sizes, control) in cases {
        let shares: Vec<f64> = sizes.iter().map(|size| size / (size + control)).collect();
        let mut adjusted = vec![0.0; z.len()];
        adjusted_p_values(&mut adjusted, |mask| p_of(&test("dunnett"), mask, z, &shares));
        check(id, |key| {
            if key == "dunnett_critical_z" {
                return dunnett::critical_value(0.025, &shares).ok();
            }
            let (name, digits) = key.rsplit_once('_')?;
            match name.strip_suffix("_p")? {
                "adjusted" => Some(adjusted[mask_of(digits).trailing_zeros() as usize]),
                name => Some(p_of(&test(name), mask_of(digits), z, &shares)),
            }
        });
    }
}

pub fn h_conditional_dunnett_2arms() {
    let (stage_1, shares, stage_2) = ([1.4, 0.9], [0.5, 0.5], 1.8);
    check("h-conditional-dunnett-2arms", |key| {
        let (name, digits) = key.rsplit_once('_')?;
        let mask = mask_of(digits);
        let mut z = [0.0; MAX_ARMS];
        let count = gather(mask, &stage_1, &mut z);
        let critical = dunnett::critical_value(0.025, &shares[..count]).ok()?;
        let error = dunnett::conditional_error(&z[..count], &shares[..count], 0.4, critical).ok()?;
        // Only arm 1 goes on: every intersection with it has its second-stage p-value.
        let second = sf(stage_2);
        match name {
            "conditional_error" => Some(error),
            "second_stage_p" => Some(second),
            "reject" => Some(f64::from(u8::from(second <= error))),
            _ => None,
        }
    });
}

pub fn h_inverse_normal_combination() {
    let combination = InverseNormal::two_stage(0.4).unwrap();
    let z = [upper_quantile(0.08), upper_quantile(0.011)];
    check("h-inverse-normal-combination", |key| match key {
        "combined_z" => Some(combination.combine(&z)),
        "combined_p" => Some(sf(combination.combine(&z))),
        "conditional_error" => Some(combination.conditional_error(&z[..1], 1.977)),
        "fisher_product" => Some(0.08 * 0.011),
        "fisher_combined_p" => Some(fisher_two_stage(0.08, 0.011)),
        _ => None,
    });
}

pub fn g_dunnett_infinite_df() {
    check("g-dunnett-infinite-df", |key| {
        let arms: usize = key.strip_prefix('k')?.strip_suffix("_05")?.parse().ok()?;
        dunnett::critical_value(0.05, &vec![0.5; arms]).ok()
    });
}

/// `tables.md` G12: Dunnett's critical values at equal allocation.
#[test]
fn g12_dunnett_critical_values() {
    for (arms, critical) in [(2, 2.2121), (3, 2.3490), (4, 2.4418)] {
        let found = dunnett::critical_value(0.025, &vec![0.5; arms]).unwrap();
        assert!((found - critical).abs() < 5.1e-5, "{arms}: {found}");
        assert!((dunnett::any_above(&vec![found; arms], &vec![0.5; arms]) - 0.025).abs() < 1e-13);
    }
}

/// `tables.md` G7: asd's Dunnett tests of two stages, their inverse normal combination (w = ½) and the closed test.
#[test]
fn g7_closed_test_of_two_stages() {
    let (first, second, shares) = ([0.75, 1.5, 2.25], [0.15, 1.75, 2.15], [0.5; 3]);
    let dunnett = test("dunnett");
    // Triples of asd are simulated to five digits there.
    let stage_1 = [
        (0b001, 0.226_627_35),
        (0b010, 0.066_807_201),
        (0b100, 0.012_224_473),
        (0b011, 0.115_291_36),
        (0b101, 0.022_739_657),
        (0b110, 0.022_739_657),
        (0b111, 0.032_050_454),
    ];
    let stage_2 = [
        (0b001, 0.440_382_31),
        (0b010, 0.040_059_157),
        (0b100, 0.015_777_607),
        (0b011, 0.071_185_514),
        (0b101, 0.029_119_44),
        (0b110, 0.029_119_44),
        (0b111, 0.040_786_781),
    ];
    for (z, table) in [(first, stage_1), (second, stage_2)] {
        for (mask, p) in table {
            let found = p_of(&dunnett, mask, &z, &shares);
            assert!((found - p).abs() < 2e-6, "{mask:b}: {found} {p}");
        }
    }
    let combination = InverseNormal::two_stage(0.5).unwrap();
    let combined =
        |mask| combination.combine(&[first, second].map(|z| upper_quantile(p_of(&dunnett, mask, &z, &shares))));
    let table = [
        (0b001, 0.636_396_1),
        (0b010, 2.298_097),
        (0b100, 3.111_269_8),
        (0b011, 1.885_060_1),
        (0b101, 2.753_537_1),
        (0b110, 2.753_537_1),
        (0b111, 2.540_709_2),
    ];
    for (mask, z) in table {
        assert!((combined(mask) - z).abs() < 2e-5, "{mask:b}: {} {z}", combined(mask));
    }
    assert_eq!(closed_test(3, |mask| combined(mask) >= upper_quantile(0.025)), 0b100);
}
