//! Rules over stored samples and ledgers.
