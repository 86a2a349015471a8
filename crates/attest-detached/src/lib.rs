//! Detached signatures of other worlds (minisign, OpenPGP, SSH) and a key in, a proof out. Offline, synchronous.
