//! Text → [`Scenario`]: reads, patches, checks, and puts every error at its place in the file.

use crate::engine::{EngineKind, Settings};
use crate::protocol::{Design, Protocol};
use crate::scenario::check::{self, Facts, searches};
use crate::scenario::error::shown;
use crate::scenario::fault::{self, At, Checked, Fault};
use crate::scenario::limits::{self, MONTHS};
use crate::scenario::meaning::meaning;
use crate::scenario::patch::{self, Part};
use crate::scenario::raw;
use crate::scenario::strict::decode;
use crate::scenario::{Candidate, Goal, Scenario, ScenarioError, Solve, apply_set, document, suggest};
use crate::sequential::EfficacyPlan;
use crate::survival::Course;
use crate::transition::Trigger;
use crate::truth::Truth;
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::fmt::Write;

/// Replicates where the file gives none.
const REPLICATES: u64 = 100_000;
/// Seed where the file gives none.
const SEED: u64 = 20_261_122;

impl Scenario {
    /// Reads and checks a scenario file; `sets` are overrides `/path=value`, applied in order before it is checked.
    ///
    /// # Errors
    /// [`ScenarioError`] with the place, the value and the rule of the first thing that is wrong.
    pub fn from_json(text: &str, sets: &[String]) -> Result<Self, ScenarioError> {
        let mut document = document::parse(text)?;
        for set in sets {
            apply_set(&mut document, set)?;
        }
        let scenario = assembled(document)?;
        Ok(Self { sha256: digest(text, sets), ..scenario })
    }

    /// An error that an engine found, at its place in the file. `pointer` is a path into `truth` or `protocol` as merged
    /// ("/protocol/analyses/0/when"); the error points into the patch of the candidate or truth that put the value there.
    pub fn error_at(
        &self,
        candidate: &str,
        truth: &str,
        pointer: &str,
        rule: impl Into<String>,
        hint: Option<String>,
    ) -> ScenarioError {
        let fault = Fault { tokens: fault::tokens(pointer).unwrap_or_default(), rule: rule.into(), hint };
        let fault =
            [(Part::Protocol, candidate), (Part::Truth, truth)].into_iter().fold(fault, |fault, (part, name)| {
                let change = self.source.get(part.variants()).and_then(|all| all.get(name)).and_then(Value::as_object);
                relocated(fault, part, &self.source, name, change)
            });
        located(&self.source, fault)
    }
}

/// The scenario of a document; its hash is left empty.
pub(super) fn assembled(document: Value) -> Result<Scenario, ScenarioError> {
    let scenario = assemble(&document).map_err(|fault| located(&document, fault))?;
    Ok(Scenario { source: document, ..scenario })
}

/// SHA-256 of a file and the overrides of it, hexadecimal.
pub(super) fn digest(text: &str, sets: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    for set in sets {
        hash.update(b"\n");
        hash.update(set.as_bytes());
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The message of a fault: its pointer, and what stands there.
pub(super) fn located(document: &Value, fault: Fault) -> ScenarioError {
    ScenarioError {
        value: shown(patch::lookup(document, &fault.tokens)),
        pointer: fault::pointer(&fault.tokens),
        rule: fault.rule,
        hint: Some(fault.hint.unwrap_or_else(|| meaning(&fault.tokens))),
    }
}

/// Moves a fault of the merged document into the patch, if the patch put there what is wrong.
fn relocated(mut fault: Fault, part: Part, document: &Value, name: &str, change: Option<&Map<String, Value>>) -> Fault {
    let (Some(change), Some(base)) = (change, document.get(part.base())) else { return fault };
    if fault.tokens.first().is_some_and(|token| token == part.base())
        && patch::stands_in_patch(base, change, &fault.tokens[1..])
    {
        fault.tokens.splice(0..1, [part.variants().to_owned(), name.to_owned()]);
    }
    fault
}

/// A named variant of a part, merged and read.
struct Variant<'a, T> {
    name: &'a str,
    part: Part,
    change: Option<&'a Map<String, Value>>,
    raw: T,
}

impl<T> Variant<'_, T> {
    fn relocated(&self, fault: Fault, document: &Value) -> Fault {
        relocated(fault, self.part, document, self.name, self.change)
    }
}

/// Reads every variant of a part; the part itself under the name `alone` when the file lists none.
fn variants<'a, T: DeserializeOwned>(
    document: &Value,
    base: &Value,
    part: Part,
    patches: Option<&'a IndexMap<String, raw::Patch>>,
    alone: &'a str,
) -> Checked<Vec<Variant<'a, T>>> {
    let Some(patches) = patches else {
        return Ok(vec![Variant { name: alone, part, change: None, raw: decode(base, &[part.base()])? }]);
    };
    let at = At::ROOT.key(part.variants());
    if !(1..=limits::VARIANTS).contains(&patches.len()) {
        let rule = format!("must name 1 to {} variants, not {}", limits::VARIANTS, patches.len());
        return Err(at.fail(rule).hint(format!(
            "leave `{}` out for the file's `{}` alone",
            part.variants(),
            part.base()
        )));
    }
    patches
        .iter()
        .map(|(name, raw::Patch(change))| {
            let here = at.key(name);
            if name.trim().is_empty() {
                return Err(here.fail("the name of a variant must not be empty"));
            }
            patch::check(part, base, change, &here)?;
            let merged = patch::merged(base, change);
            let raw = decode(&merged, &[part.base()])
                .map_err(|fault| relocated(fault, part, document, name, Some(change)))?;
            Ok(Variant { name, part, change: Some(change), raw })
        })
        .collect()
}

type RawTruth = raw::truth::Truth;
type RawProtocol = raw::protocol::Protocol;

fn assemble(document: &Value) -> Checked<Scenario> {
    let root = At::ROOT;
    let file: raw::File = decode(document, &[])?;
    let sweep = file.sweep.as_ref().map(|raw| check::sweep::sweep(raw, document, &root.key("sweep"))).transpose()?;
    let run = run(file.run.as_ref());
    let goal = file.goal.as_ref().map(goal);
    let worst_case = file.worst_case.as_ref().map(|block| searches::ranges(block, document)).transpose()?;
    let prior = file.prior.as_ref().map(|raw| check::prior::prior(raw, document, &root.key("prior"))).transpose()?;

    let planning: RawTruth = decode(&file.truth, &["truth"])?;
    let _: RawProtocol = decode(&file.protocol, &["protocol"])?;
    let truths = variants::<RawTruth>(document, &file.truth, Part::Truth, file.truths.as_ref(), "base")?;
    let protocols =
        variants::<RawProtocol>(document, &file.protocol, Part::Protocol, file.candidates.as_ref(), "protocol")?;
    affordable(&planning, &truths, &protocols)?;

    let house = House { document, planning: &planning, truths: &truths, goal, pieces: Cell::new(0) };
    let candidates = protocols.iter().map(|protocol| house.candidate(protocol)).collect::<Checked<Vec<_>>>()?;
    house.no_idle_arms(&protocols)?;
    let (names, truth_names): (Vec<&str>, Vec<&str>) =
        (protocols.iter().map(|p| p.name).collect(), truths.iter().map(|truth| truth.name).collect());
    let conditions = file.goal.as_ref().and_then(|goal| goal.subject_to.as_ref());
    let goal_conditions = searches::conditions(conditions.map_or(&[], Vec::as_slice), &truth_names, &root.key("goal"))?;
    let break_even = file.break_even.as_ref();
    let break_even = break_even.map(|block| searches::break_even(block, document, &names, &truth_names)).transpose()?;
    let optimize = file.optimize.as_ref();
    let optimize =
        optimize.map(|block| searches::optimization(block, &candidates_of(document), &truth_names)).transpose()?;

    let warnings = candidates
        .iter()
        .filter(|candidate| matches!(candidate.protocol.bounds.efficacy, EfficacyPlan::Bounds(_)))
        .map(|candidate| {
            let (name, alpha) = (&candidate.name, candidate.protocol.alpha);
            format!(
                "The efficacy bounds of {name} are taken as given; whether they keep the level {alpha} is not enforced."
            )
        })
        .collect();
    Ok(Scenario {
        title: file.title.unwrap_or_default(),
        notes: file.notes.unwrap_or_default(),
        sha256: String::new(),
        candidates,
        goal,
        goal_conditions,
        worst_case,
        break_even,
        optimize,
        run,
        prior,
        sweep,
        warnings,
        source: Value::Null,
    })
}

fn run(raw: Option<&raw::Run>) -> Settings {
    let raw = raw.cloned().unwrap_or_default();
    let engine = match raw.engine {
        None | Some(raw::Engine::Auto) => EngineKind::Auto,
        Some(raw::Engine::Analytic) => EngineKind::Analytic,
        Some(raw::Engine::Simulation) => EngineKind::Simulation,
        Some(raw::Engine::Asymptotic) => EngineKind::Asymptotic,
    };
    let replicates = raw.replicates.map_or(REPLICATES, |replicates| replicates.get() as u64);
    Settings { engine, replicates, seed: raw.seed.unwrap_or(SEED), mcse: raw.mcse.map(f64::from) }
}

/// The protocol of every candidate, merged.
fn candidates_of(document: &Value) -> Vec<Value> {
    let base = document.get(Part::Protocol.base()).unwrap_or(&Value::Null);
    match document.get(Part::Protocol.variants()).and_then(Value::as_object) {
        None => vec![base.clone()],
        Some(all) => all.values().filter_map(Value::as_object).map(|change| patch::merged(base, change)).collect(),
    }
}

fn goal(raw: &raw::Goal) -> Goal {
    let solve = match raw.solve {
        None | Some(raw::Solve::Patients) => Solve::Patients,
        Some(raw::Solve::Phase2Patients) => Solve::Phase2Patients,
        Some(raw::Solve::Transition) => Solve::Transition,
        Some(raw::Solve::Threshold) => Solve::Threshold,
        Some(raw::Solve::Events) => Solve::Events,
        Some(raw::Solve::FollowUp) => Solve::FollowUp,
        Some(raw::Solve::Enrollment) => Solve::Enrollment,
        Some(raw::Solve::HazardRatio) => Solve::HazardRatio,
    };
    Goal { power: raw.power.get(), solve }
}

/// Checks that what the file multiplies out to can be held.
fn affordable(
    planning: &RawTruth,
    truths: &[Variant<'_, RawTruth>],
    protocols: &[Variant<'_, RawProtocol>],
) -> Checked<()> {
    let all = || truths.iter().map(|truth| &truth.raw).chain([planning]);
    let strata = all().map(|truth| truth.strata.as_ref().map_or(1, Vec::len)).max().unwrap_or(1);
    let arms = protocols.iter().map(|protocol| protocol.raw.arms.len()).max().unwrap_or(1);
    let courses = protocols.len() * (truths.len() + 1) * arms.min(limits::ARMS) * strata.min(limits::STRATA);
    if courses <= limits::COURSES {
        return Ok(());
    }
    let rule = format!("candidates × truths × arms × strata must be at most {}, they are {courses}", limits::COURSES);
    Err(At::ROOT.key("truths").fail(rule).hint("split the file"))
}

/// What every candidate is checked against.
struct House<'a> {
    document: &'a Value,
    planning: &'a RawTruth,
    truths: &'a [Variant<'a, RawTruth>],
    goal: Option<Goal>,
    /// Pieces of all step functions held so far.
    pieces: Cell<usize>,
}

impl House<'_> {
    fn candidate(&self, variant: &Variant<'_, RawProtocol>) -> Checked<Candidate> {
        let facts = Facts::of(self.planning, None);
        let (protocol, planning) = self.resolved(variant, &facts, self.planning)?;
        if let Some(goal) = self.goal
            && goal.power <= protocol.alpha
        {
            let rule = format!("must be above alpha, {}", protocol.alpha);
            return Err(At::ROOT.key("goal").key("power").fail(rule));
        }
        let truths = self
            .truths
            .iter()
            .map(|truth| {
                let name = truth.change.map(|_| truth.name);
                let other = Facts::of(&truth.raw, name);
                let resolved = self.resolved(variant, &other, &truth.raw);
                let (again, resolved) = resolved.map_err(|fault| truth.relocated(fault, self.document))?;
                if strata_named(&again) != strata_named(&protocol) {
                    let rule = "strata keep their order in every truth where a trigger names a `population`";
                    let fault = At::ROOT.key("truth").key("strata").fail(rule);
                    return Err(truth.relocated(fault, self.document));
                }
                Ok((truth.name.to_owned(), resolved))
            })
            .collect::<Checked<_>>()?;
        let fractions = variant.raw.analyses.iter().map(|look| look.when.event_fraction.map(f64::from));
        Ok(Candidate {
            name: variant.name.to_owned(),
            event_fractions: fractions.collect(),
            protocol,
            planning,
            truths,
        })
    }

    /// A protocol and a truth that fit each other.
    fn resolved(
        &self,
        variant: &Variant<'_, RawProtocol>,
        facts: &Facts,
        truth: &RawTruth,
    ) -> Checked<(Protocol, Truth)> {
        let root = At::ROOT;
        let at = root.key("protocol");
        let power = self.goal.map(|goal| goal.power);
        let resolve = || {
            let protocol = check::protocol::protocol(&variant.raw, facts, power, &at)?;
            let known: Vec<&str> = truth.arms.keys().map(String::as_str).collect();
            for (index, arm) in variant.raw.arms.iter().enumerate() {
                if arm != check::truth::CONTROL && !truth.arms.contains_key(arm) && !truth.arms.is_empty() {
                    let fault =
                        at.key("arms").index(index).fail(format!("{} does not describe arm `{arm}`", facts.whose()));
                    return Err(fault.maybe_hint(suggest::hint(arm, "arms", &known)));
                }
            }
            let resolved = check::truth::truth(truth, &protocol.arms, &root.key("truth"))?;
            self.pieces.set(self.pieces.get() + pieces(&resolved));
            if self.pieces.get() > limits::ALL_PIECES {
                let rule = format!("all hazards together have at most {} pieces", limits::ALL_PIECES);
                return Err(root.key("truths").fail(rule).hint("split the file"));
            }
            let patients = match &protocol.design {
                Design::GroupSequential(design) => design.patients,
                Design::Seamless(design) => design.phase2_patients + design.phase3_patients,
            };
            let months = resolved.enrollment.month_of(patients);
            if months > MONTHS {
                let rule = format!("enrolling {patients} patients takes {months:.0} months, more than {MONTHS}");
                return Err(root.key("truth").key("enrollment").fail(rule));
            }
            Ok((protocol, resolved))
        };
        resolve().map_err(|fault| variant.relocated(fault, self.document))
    }

    /// Checks that every arm that a truth describes is in a protocol.
    fn no_idle_arms(&self, protocols: &[Variant<'_, RawProtocol>]) -> Checked<()> {
        let known: Vec<&str> = protocols
            .iter()
            .flat_map(|protocol| &protocol.raw.arms)
            .map(String::as_str)
            .filter(|arm| *arm != "control")
            .collect();
        let idle = |truth: &RawTruth| {
            let arm = truth.arms.keys().find(|arm| !known.contains(&arm.as_str()))?;
            let fault = At::ROOT.key("truth").key("arms").key(arm).fail("no protocol has this arm");
            Some(fault.maybe_hint(suggest::hint(arm, "arms", &known)))
        };
        if let Some(fault) = idle(self.planning) {
            return Err(fault);
        }
        for truth in self.truths {
            if let Some(fault) = idle(&truth.raw) {
                return Err(truth.relocated(fault, self.document));
            }
        }
        Ok(())
    }
}

/// Pieces of all step functions of a truth.
fn pieces(truth: &Truth) -> usize {
    let strata = truth.arms.iter().flat_map(|arm| &arm.strata);
    let effects = strata.clone().filter_map(|stratum| stratum.later.as_ref()?.crossover.as_ref());
    let crossed = effects.map(|crossover| crossover.effect.ratios().len()).sum::<usize>();
    let products = strata.clone().filter_map(|stratum| stratum.product.as_ref());
    let given = products.map(crate::truth::Product::pieces).sum::<usize>();
    let courses = strata.flat_map(|stratum| &stratum.courses);
    let of_course = |course: &Course| {
        let hazards = [&course.progression, &course.death, &course.after_baseline];
        hazards.map(|hazard| hazard.rates().len()).iter().sum::<usize>() + course.after_effect.ratios().len()
    };
    courses.map(of_course).sum::<usize>() + crossed + given
}

/// Every stratum that a trigger of the protocol counts, in order.
fn strata_named(protocol: &Protocol) -> Vec<Option<usize>> {
    let mut triggers: Vec<&Trigger> = protocol.analyses.iter().map(|look| &look.when).collect();
    if let Design::Seamless(design) = &protocol.design {
        triggers.push(&design.transition.when);
        triggers.extend(design.transition.gates.iter().map(|gate| &gate.when));
        triggers.extend(design.combination.phase2_follow_up());
    }
    let strata = |leaf: &Trigger| match leaf {
        Trigger::Events { stratum, .. } => *stratum,
        _ => None,
    };
    triggers.into_iter().flat_map(Trigger::leaves).map(strata).collect()
}
