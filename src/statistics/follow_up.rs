//! Patients' whole follow-up, sorted once, so that the data of any calendar cut are read in linear passes.

use crate::statistics::RiskSet;

/// What a cell of patients is in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// Counts as control.
    Control = 0,
    /// Counts as treated.
    Treated = 1,
    /// Not in the comparison.
    Ignored = 2,
}

/// The follow-up of one endpoint: struct of arrays, buffers reused from trial to trial.
///
/// A patient's information ends at the event or at drop-out, whichever is first. At calendar cut t a patient who entered
/// by t is observed for min(end, t − entry); the event counts if entry + event ≤ t. Since t − entry falls with the order
/// of entry and the ends are sorted once, the risk sets of a cut need two pointers and no sort.
#[derive(Debug, Clone, Default)]
pub struct FollowUp {
    // In order of entry.
    entry: Vec<f64>,
    end_month: Vec<f64>,
    cell: Vec<u16>,
    // In order of the end since entry; at equal ends events come first.
    sorted_end: Vec<f64>,
    sorted_month: Vec<f64>,
    sorted_cell: Vec<u16>,
    sorted_event: Vec<bool>,
    keys: Vec<u64>,
}

impl FollowUp {
    /// Nothing yet, with room for `patients`.
    pub fn with_capacity(patients: usize) -> Self {
        Self {
            entry: Vec::with_capacity(patients),
            end_month: Vec::with_capacity(patients),
            cell: Vec::with_capacity(patients),
            sorted_end: Vec::with_capacity(patients),
            sorted_month: Vec::with_capacity(patients),
            sorted_cell: Vec::with_capacity(patients),
            sorted_event: Vec::with_capacity(patients),
            keys: Vec::with_capacity(patients),
        }
    }

    /// Replaces the patients: calendar months of `entry` (not decreasing), months since entry of the `event` and of
    /// `dropout` (at least 0, infinite for never; an event at the very time of drop-out counts), and the `cell` that
    /// roles are given to. All slices have one entry per patient.
    pub fn rebuild(&mut self, entry: &[f64], event: &[f64], dropout: &[f64], cell: &[u16]) {
        let patients = entry.len();
        debug_assert!(entry.is_sorted() && event.len() == patients && dropout.len() == patients);
        self.entry.clear();
        self.entry.extend_from_slice(entry);
        self.cell.clear();
        self.cell.extend_from_slice(cell);
        self.end_month.clear();
        self.end_month.extend((0..patients).map(|i| entry[i] + event[i].min(dropout[i])));
        // Sorting whole words is twice as fast as sorting pairs: the low bits of the time make way for the index, and
        // the few neighbours that differ only there are put right afterwards.
        let index_bits = (patients.max(2) - 1).ilog2() + 1;
        let mask = (1u64 << index_bits) - 1;
        self.keys.clear();
        self.keys.extend((0..patients).map(|i| (event[i].min(dropout[i]).to_bits() & !mask) | i as u64));
        self.keys.sort_unstable();
        let before = |a: usize, b: usize| {
            let (end_a, end_b) = (event[a].min(dropout[a]), event[b].min(dropout[b]));
            end_a < end_b || (end_a == end_b && (event[a] > dropout[a], a) < (event[b] > dropout[b], b))
        };
        for i in 1..patients {
            let mut j = i;
            while j > 0 && self.keys[j] & !mask == self.keys[j - 1] & !mask {
                if !before((self.keys[j] & mask) as usize, (self.keys[j - 1] & mask) as usize) {
                    break;
                }
                self.keys.swap(j, j - 1);
                j -= 1;
            }
        }
        self.sorted_end.clear();
        self.sorted_month.clear();
        self.sorted_cell.clear();
        self.sorted_event.clear();
        for &key in &self.keys {
            let i = (key & mask) as usize;
            let end = event[i].min(dropout[i]);
            self.sorted_end.push(end);
            self.sorted_month.push(self.end_month[i]);
            self.sorted_cell.push(cell[i]);
            self.sorted_event.push(end.is_finite() && event[i] <= dropout[i]);
        }
    }

    /// Calls `each` with the risk set of every event time, ascending, of the data as cut at calendar month `cut`.
    /// `roles` has one entry per cell. Allocates nothing.
    #[inline]
    pub fn for_each_risk_set(&self, cut: f64, roles: &[Role], mut each: impl FnMut(RiskSet)) {
        let entered = self.entry.partition_point(|&entry| entry <= cut);
        let mut at_risk = [0u32; 3];
        for &cell in &self.cell[..entered] {
            at_risk[roles[usize::from(cell)] as usize] += 1;
        }
        // Patients whose follow-up the cut ends leave in reverse order of entry.
        let mut open = entered;
        let mut events = [0u32; 3];
        let mut time = 0.0;
        for i in 0..self.sorted_end.len() {
            let role = roles[usize::from(self.sorted_cell[i])];
            if self.sorted_month[i] > cut || role == Role::Ignored {
                continue;
            }
            let end = self.sorted_end[i];
            if end != time || !self.sorted_event[i] {
                if events[0] + events[1] > 0 {
                    each(risk_set(time, at_risk, events));
                    at_risk[0] -= events[0];
                    at_risk[1] -= events[1];
                    events = [0; 3];
                }
                time = end;
                while open > 0 && cut - self.entry[open - 1] < end {
                    open -= 1;
                    if self.end_month[open] > cut {
                        at_risk[roles[usize::from(self.cell[open])] as usize] -= 1;
                    }
                }
            }
            if self.sorted_event[i] {
                events[role as usize] += 1;
            } else {
                at_risk[role as usize] -= 1;
            }
        }
        if events[0] + events[1] > 0 {
            each(risk_set(time, at_risk, events));
        }
    }
}

#[inline]
fn risk_set(time: f64, at_risk: [u32; 3], events: [u32; 3]) -> RiskSet {
    RiskSet { time, control: at_risk[0], treated: at_risk[1], control_events: events[0], treated_events: events[1] }
}
