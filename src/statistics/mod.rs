//! (room statistics)
