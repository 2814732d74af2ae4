//! When a condition on the data of a cohort is met in one trial, and what the cohort has shown by a month.

use crate::engine::simulation::patients::Patients;
use crate::numerics::sorting::Sorter;
use crate::transition::Trigger;
use std::ops::Range;

/// Patients a trigger counts, and what it is relative to.
#[derive(Debug, Clone)]
pub struct Cohort<'a> {
    /// All patients of the trial.
    pub patients: &'a Patients,
    /// Those of the cohort.
    pub range: Range<usize>,
    /// Arms counted where a condition names none.
    pub studied: &'a [bool],
    /// Strata of the truth, to read a patient's stratum from the cell.
    pub strata: usize,
    /// Month of the previous analysis.
    pub previous: f64,
    /// Factor on counts of events and patients: 1, unless phase III was resized.
    pub factor: f64,
}

/// Months of events, sorted, and whose they are; several conditions on the same patients share one sort.
#[derive(Debug, Clone, Default)]
pub struct Months {
    sorter: Sorter,
    /// Patients, whether deaths, and how many events, where no condition narrows the patients.
    held: Option<(Range<usize>, bool, usize)>,
}

impl Months {
    /// Room for `patients`.
    pub fn with_capacity(patients: usize) -> Self {
        Self { sorter: Sorter::with_capacity(patients), held: None }
    }

    /// The patients have changed.
    pub fn forget(&mut self) {
        self.held = None;
    }
}

/// The whole number a count stands for: counts are whole in a file and real while a size is solved, and a real one takes
/// the next whole event or patient.
pub fn whole(count: f64) -> usize {
    (count - 1e-9).ceil().max(0.0) as usize
}

impl Cohort<'_> {
    /// Month at which `trigger` is met, infinite if never. `months` is told to forget before times, arms or the arms counted
    /// change.
    pub fn month(&self, trigger: &Trigger, months: &mut Months) -> f64 {
        trigger.month(&mut |condition| match condition {
            Trigger::Events { count, endpoint, stratum, arms } => {
                let (death, everybody) = (endpoint.is_death(), stratum.is_none() && arms.is_none());
                let events = match &months.held {
                    Some((range, deaths, events)) if everybody && *range == self.range && *deaths == death => *events,
                    _ => {
                        let counted = |arm: usize| arms.as_ref().map_or(self.studied[arm], |arms| arms.contains(&arm));
                        let events = self.sort_events(death, *stratum, &counted, &mut months.sorter);
                        months.held = everybody.then(|| (self.range.clone(), death, events));
                        events
                    }
                };
                let month = months.sorter.sorted(events).get(whole(self.factor * *count).saturating_sub(1));
                month.map_or(f64::INFINITY, |&month| f64::from_bits(month))
            }
            Trigger::Enrolled { count } => {
                let entry = self.patients.entry[self.range.clone()].get(whole(self.factor * *count).saturating_sub(1));
                entry.copied().unwrap_or(f64::INFINITY)
            }
            Trigger::Calendar { month } => *month,
            Trigger::MinFollowUp { months } => self.last_entry() + months,
            Trigger::AfterPrevious { months } => self.previous + months,
            Trigger::All(_) | Trigger::Any(_) => f64::INFINITY,
        })
    }

    /// Entry of the last planned patient of the cohort; 0 for an empty cohort.
    fn last_entry(&self) -> f64 {
        self.patients.entry[self.range.clone()].last().copied().unwrap_or(0.0)
    }

    /// Sorts the calendar months of the events among patients of the counted arms and stratum; returns how many there are.
    fn sort_events(
        &self,
        death: bool,
        stratum: Option<usize>,
        counted: &impl Fn(usize) -> bool,
        sorter: &mut Sorter,
    ) -> usize {
        let range = self.range.clone();
        let patients = range.len();
        let (entry, event) = (&self.patients.entry[range.clone()], &self.patients.event(death)[range.clone()]);
        let (dropout, arm) = (&self.patients.dropout[range.clone()], &self.patients.arm[range.clone()]);
        let (event, dropout, arm) = (&event[..patients], &dropout[..patients], &arm[..patients]);
        let cell = &self.patients.cell[range][..patients];
        let keys = sorter.keys(patients);
        let mut events = 0;
        for i in 0..patients {
            let month = entry[i] + event[i];
            // Months are at least 0, so that their bits are in their order.
            keys[events] = month.to_bits();
            // Multiplied, not short-circuited: none of it is predictable.
            events += usize::from(event[i] <= dropout[i])
                * usize::from(month < f64::INFINITY)
                * usize::from(counted(usize::from(arm[i])))
                * usize::from(stratum.is_none_or(|stratum| usize::from(cell[i]) % self.strata == stratum));
        }
        sorter.sort(events);
        events
    }

    /// Month at which the information of the last patient ends: the latest event or drop-out, or the last entry if that
    /// is later. Patients who have neither (cured, without drop-out) are left out: nothing ever happens to them.
    pub fn information_end(&self, death: bool) -> f64 {
        let patients = self.patients;
        let event = patients.event(death);
        let ends = self.range.clone().map(|i| patients.entry[i] + event[i].min(patients.dropout[i]));
        ends.filter(|month| month.is_finite()).fold(self.last_entry(), f64::max)
    }

    /// Events seen by `month` among patients of the studied arms.
    pub fn events_by(&self, death: bool, month: f64) -> u32 {
        let patients = self.patients;
        let range = self.range.clone();
        let (entry, event) = (&patients.entry[range.clone()], &patients.event(death)[range.clone()]);
        let (dropout, arm) = (&patients.dropout[range.clone()], &patients.arm[range]);
        let mut events = 0;
        for i in 0..entry.len() {
            // Multiplied, not short-circuited: none of the three is predictable.
            events += u32::from(entry[i] + event[i] <= month)
                * u32::from(event[i] <= dropout[i])
                * u32::from(self.studied[usize::from(arm[i])]);
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survival::Endpoint;

    /// Six patients entering at 0, 1, …, 5 in arms 0 1 2 0 1 2, two strata alternating; deaths after 10, 2, 3, 4, never, 1
    /// months, progression one month before where there is a death; the fourth drops out at 3.5.
    fn six() -> Patients {
        let mut patients = Patients::default();
        patients.resize(6);
        patients.entry = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        patients.arm = vec![0, 1, 2, 0, 1, 2];
        patients.cell = (0..6).map(|i| patients.arm[i] * 2 + (i as u16) % 2).collect();
        patients.os = vec![10.0, 2.0, 3.0, 4.0, f64::INFINITY, 1.0];
        patients.pfs = patients.os.iter().map(|os| os - 1.0).collect();
        patients.dropout[3] = 3.5;
        patients
    }

    fn events(count: f64, endpoint: Endpoint) -> Trigger {
        Trigger::Events { count, endpoint, stratum: None, arms: None }
    }

    #[test]
    fn months_by_hand() {
        let patients = six();
        let all = [true; 3];
        let cohort = Cohort { patients: &patients, range: 0..6, studied: &all, strata: 2, previous: 7.0, factor: 1.0 };
        let mut months = Months::default();
        let mut month = |trigger: &Trigger| cohort.month(trigger, &mut months);
        // Deaths at calendar 3 (2nd), 5 (3rd), 6 (6th), 10 (1st); the 4th drops out before dying.
        assert_eq!(month(&events(1.0, Endpoint::Os)), 3.0);
        assert_eq!(month(&events(3.0, Endpoint::Os)), 6.0);
        assert_eq!(month(&events(4.0, Endpoint::Os)), 10.0);
        assert_eq!(month(&events(5.0, Endpoint::Os)), f64::INFINITY);
        // Progressions at 2, 4, 5 (6th), 6 (4th, before dropping out), 9.
        assert_eq!(month(&events(4.0, Endpoint::Dfs)), 6.0);
        assert_eq!(month(&Trigger::Enrolled { count: 4.0 }), 3.0);
        assert_eq!(month(&Trigger::Enrolled { count: 7.0 }), f64::INFINITY);
        assert_eq!(month(&Trigger::MinFollowUp { months: 2.5 }), 7.5);
        assert_eq!(month(&Trigger::AfterPrevious { months: 2.0 }), 9.0);
        let stratum = Trigger::Events { count: 2.0, endpoint: Endpoint::Os, stratum: Some(1), arms: None };
        assert_eq!(month(&stratum), 6.0);
        let arms = Trigger::Events { count: 2.0, endpoint: Endpoint::Os, stratum: None, arms: Some(vec![0, 1]) };
        assert_eq!(month(&arms), 10.0);
        let both = Trigger::All(vec![events(1.0, Endpoint::Os), Trigger::Calendar { month: 4.0 }]);
        assert_eq!(month(&both), 4.0);
        let any = Trigger::Any(vec![events(9.0, Endpoint::Os), Trigger::Calendar { month: 40.0 }]);
        assert_eq!(month(&any), 40.0);
        assert_eq!(cohort.information_end(true), 10.0);
        assert_eq!((cohort.events_by(true, 6.0), cohort.events_by(false, 6.0)), (3, 4));
    }

    #[test]
    fn a_part_of_the_patients_and_arms() {
        let patients = six();
        let studied = [true, false, true];
        let cohort =
            Cohort { patients: &patients, range: 2..6, studied: &studied, strata: 2, previous: 0.0, factor: 1.0 };
        let mut scratch = Months::default();
        assert_eq!(cohort.month(&events(2.0, Endpoint::Os), &mut scratch), 6.0);
        assert_eq!(cohort.month(&events(3.0, Endpoint::Os), &mut scratch), f64::INFINITY);
        assert_eq!(cohort.month(&Trigger::Enrolled { count: 2.0 }, &mut scratch), 3.0);
        assert_eq!(cohort.information_end(true), 6.5);
        assert_eq!(cohort.events_by(true, 5.0), 1);
    }
}
