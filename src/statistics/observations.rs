//! Right-censored two-group data on plain slices, and the risk sets every rank statistic is made of.

use crate::invalid::{Invalid, require};

/// The patients at risk just before one event time, and those with an event at it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RiskSet {
    /// Months since randomisation.
    pub time: f64,
    /// Control patients at risk.
    pub control: u32,
    /// Treated patients at risk.
    pub treated: u32,
    /// Events among the controls at this time.
    pub control_events: u32,
    /// Events among the treated at this time.
    pub treated_events: u32,
}

/// Right-censored observations of two groups; all slices have one entry per patient. A patient censored at a time is
/// still at risk for the events of that time.
#[derive(Debug, Clone, Copy)]
pub struct Observations<'a> {
    /// Time to event or censoring, months, at least 0.
    pub time: &'a [f64],
    /// Whether the time is that of an event.
    pub event: &'a [bool],
    /// Whether the patient is in the experimental arm.
    pub treated: &'a [bool],
    /// Stratum of each patient, if the statistic is stratified.
    pub stratum: Option<&'a [u32]>,
}

impl Observations<'_> {
    /// Whether lengths agree and times are numbers of at least 0.
    ///
    /// # Errors
    /// [`Invalid`] naming the number that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        let patients = self.time.len();
        for length in [self.event.len(), self.treated.len(), self.stratum.map_or(patients, <[u32]>::len)] {
            require(
                length == patients,
                "number of observations",
                length as f64,
                "every slice must have the same length",
            )?;
        }
        for &time in self.time {
            require(time >= 0.0, "observed time", time, "it must be at least 0")?;
        }
        Ok(())
    }

    /// Calls `each` with the stratum's rank (0, 1, … in increasing order of the labels) and the risk set of every event
    /// time, ascending within the stratum. Sorts and allocates; see [`crate::statistics::FollowUp`] for the engine's twin.
    pub fn for_each_risk_set(&self, mut each: impl FnMut(usize, RiskSet)) {
        let mut labels: Vec<u32> = self.stratum.map_or_else(|| vec![0], <[u32]>::to_vec);
        labels.sort_unstable();
        labels.dedup();
        for (rank, &label) in labels.iter().enumerate() {
            let mut members: Vec<usize> =
                (0..self.time.len()).filter(|&i| self.stratum.is_none_or(|stratum| stratum[i] == label)).collect();
            members.sort_by(|&a, &b| self.time[a].total_cmp(&self.time[b]));
            let mut first = 0;
            while first < members.len() {
                let time = self.time[members[first]];
                let size = members[first..].iter().take_while(|&&i| self.time[i] == time).count();
                let count = |of: &[usize], treated: bool, events_only: bool| {
                    of.iter().filter(|&&i| self.treated[i] == treated && (!events_only || self.event[i])).count() as u32
                };
                let (at_risk, tied) = (&members[first..], &members[first..first + size]);
                let set = RiskSet {
                    time,
                    control: count(at_risk, false, false),
                    treated: count(at_risk, true, false),
                    control_events: count(tied, false, true),
                    treated_events: count(tied, true, true),
                };
                if set.control_events + set.treated_events > 0 {
                    each(rank, set);
                }
                first += size;
            }
        }
    }
}
