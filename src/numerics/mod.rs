//! (room numerics)
