//! (room study)
