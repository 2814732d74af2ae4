//! Every library case of `tests/reference` through one table: an id without a handler fails. The published tables of the same
//! parts stand beside the handlers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod adaptive;
mod closed_forms;
mod designs;
mod fisher;
mod joint;
mod sequential;
#[path = "../sequential_common/mod.rs"]
mod sequential_common;
mod survival;
#[path = "../uniform/mod.rs"]
mod uniform;
#[path = "../validation_page/mod.rs"]
mod validation_page;
#[path = "../validation_page/table.rs"]
mod validation_table;

use serde_json::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use validation_table::{Row, Worst};

/// A handler, and the cases it checks.
type Handler = (fn(), &'static [&'static str]);

const HANDLERS: &[Handler] = &[
    (sequential::a_beta_spending_binding_3, &["a-beta-spending-binding-3"]),
    (sequential::a_beta_spending_binding_4_ldobf, &["a-beta-spending-binding-4-ldobf"]),
    (sequential::a_beta_spending_nonbinding_3, &["a-beta-spending-nonbinding-3"]),
    (closed_forms::c_closed_forms, &["c-closed-forms-ph", "c-closed-forms-ph-2to1"]),
    (survival::e_marginal_markov, &["e-marginal-equal-rates", "e-marginal-piecewise-markov"]),
    (survival::e_marginals_with_effect, &["e-marginals-constant", "e-marginals-fast-progression"]),
    (joint::e_power_joint, &["e-power-constant-joint", "e-power-delay3-joint"]),
    (
        designs::f_asd_early_selection,
        &["f-asd-early-selection-corr-00", "f-asd-early-selection-corr-04", "f-asd-early-selection-corr-08"],
    ),
    (designs::f_best_of_2_invnorm_dunnett, &["f-best-of-2-invnorm-dunnett"]),
    (designs::f_best_of_2_null, &["f-best-of-2-null"]),
    (designs::f_best_of_3_invnorm_dunnett, &["f-best-of-3-invnorm-dunnett"]),
    (designs::f_mams, &["f-mams-2arm-2stage-obf", "f-mams-4arm-2stage-triangular"]),
    (designs::f_seamless_best_of_2_lrstat, &["f-seamless-best-of-2-lrstat"]),
    (designs::f_seamless_best_of_3_lrstat, &["f-seamless-best-of-3-lrstat"]),
    (fisher::g_bauer_koehne, &["g-bauer-koehne-alpha1"]),
    (adaptive::g_dunnett_infinite_df, &["g-dunnett-infinite-df"]),
    (
        sequential::g_constants_and_inflation_factors,
        &["g-inflation-factors", "g-obrien-fleming-constants", "g-pocock-constants", "g-wang-tsiatis-025-constants"],
    ),
    (sequential::g_lan_demets_five_looks, &["g-lan-demets-five-looks"]),
    (adaptive::h_conditional_dunnett_2arms, &["h-conditional-dunnett-2arms"]),
    (sequential::h_cp_conditional_power, &["h-cp-hsd-look2", "h-cp-ldobf-3looks", "h-cp-single-stage"]),
    (adaptive::h_dunnett_closed, &["h-dunnett-closed-2arms", "h-dunnett-closed-3arms-unequal"]),
    (fisher::h_fisher, &["h-fisher-alpha0-2", "h-fisher-equal-alpha-3", "h-fisher-full-alpha-2"]),
    (adaptive::h_inverse_normal_combination, &["h-inverse-normal-combination"]),
];

/// One case file.
fn case(id: &str) -> Value {
    let path = format!("{}/tests/reference/{id}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

thread_local! {
    /// The figure nearest to its limit, by case: handlers run on the test's own thread.
    static WORST: RefCell<BTreeMap<String, Worst>> = const { RefCell::new(BTreeMap::new()) };
}

/// Checks every expected key of a case with `value_of`; none may be left over.
fn check(id: &str, value_of: impl Fn(&str) -> Option<f64>) {
    for (key, entry) in case(id)["expected"].as_object().unwrap() {
        let found = value_of(key).unwrap_or_else(|| panic!("{id}: {key} is not computed"));
        let (value, tolerance) = (entry["value"].as_f64().unwrap(), entry["tolerance"].as_f64().unwrap());
        assert!((found - value).abs() <= tolerance, "{id} {key}: {found}, expected {value} ± {tolerance}");
        WORST.with_borrow_mut(|all| {
            let worst = all.entry(id.to_owned()).or_default();
            let figure = Worst { name: key.clone(), got: found, expected: value, tolerance };
            if worst.name.is_empty() || figure.share() > worst.share() {
                *worst = figure;
            }
        });
    }
}

#[test]
fn every_library_case_is_reproduced() {
    let handled: BTreeSet<String> =
        HANDLERS.iter().flat_map(|(_, ids)| ids.iter().map(|id| (*id).to_owned())).collect();
    let mut library = BTreeSet::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if case(&id)["verb"] == "library" {
                library.insert(id);
            }
        }
    }
    assert_eq!(library, handled, "left: cases, right: cases with a handler");
    for (handler, _) in HANDLERS {
        handler();
    }
    let rows: Vec<Row> = WORST.take().into_iter().map(|(id, worst)| row(id, worst)).collect();
    validation_page::block("library cases", &validation_table::table(&rows));
}

fn row(id: String, worst: Worst) -> Row {
    let file = case(&id);
    let figures = file["expected"].as_object().unwrap().len();
    Row { evidence: file["source"].as_str().unwrap().into(), case: id, figures, worst }
}
