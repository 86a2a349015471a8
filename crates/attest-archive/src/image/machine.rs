use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Error, Platform};

/// Enough for every header that says what a program is for; a Windows program's lies behind its DOS stub.
const HEAD: u64 = 4096;

/// What a program needs on disk before its first instruction: the dynamic linker, as an absolute path. Only for 64-bit ELF of
/// little-endian machines, which is nearly all; none for what is linked statically.
///
/// Source: System V ABI, chapter 5, "Program Header", `PT_INTERP`.
pub(super) fn interpreter(path: &Path) -> Result<Option<String>, Error> {
    Ok(interpreter_in(&head(path)?))
}

/// The length of an entry of the program header table.
const ENTRY: usize = 56;

const PT_INTERP: u32 = 3;

fn interpreter_in(head: &[u8]) -> Option<String> {
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let start = usize::try_from(u64::from_le_bytes(bytes(head, 32)?)).ok()?;
    let count = usize::from(u16::from_le_bytes(bytes(head, 56)?));
    let entries = head.get(start..)?.chunks_exact(ENTRY).take(count);
    let entry = entries
        .into_iter()
        .find(|entry| entry.starts_with(&PT_INTERP.to_le_bytes()))?;
    let [from, length] = [8, 32].map(|at| bytes(entry, at).map(u64::from_le_bytes));
    let from = usize::try_from(from?).ok()?;
    let text = head.get(from..from.checked_add(usize::try_from(length?).ok()?)?)?;
    let text = std::str::from_utf8(text.split(|byte| *byte == 0).next()?).ok()?;
    text.starts_with('/').then(|| text.to_owned())
}

/// Refuses a program that was built for another processor than the one it is given for. What is no program of a known kind,
/// such as a script, runs anywhere.
pub(super) fn refuse_other_machine(path: &Path, platform: &Platform) -> Result<(), Error> {
    let found = match machine(&head(path)?) {
        Some(found) => found,
        None => return Ok(()),
    };
    let fits = found.systems.contains(&platform.os()) && found.architecture == platform.architecture();
    match fits || found.architecture.is_empty() {
        true => Ok(()),
        false => Err(Error::WrongMachine {
            path: path.to_owned(),
            expected: Box::new(platform.clone()),
            found: format!("`{}/{}`", found.systems[0], found.architecture),
        }),
    }
}

fn head(path: &Path) -> Result<Vec<u8>, Error> {
    // Opening a named pipe would wait for a writer.
    if !path.metadata().map_err(Error::read(path))?.is_file() {
        let path = path.to_owned();
        return Err(crate::Error::NotAFile { path }.into());
    }
    let mut head = Vec::new();
    let file = File::open(path).map_err(Error::read(path))?;
    file.take(HEAD).read_to_end(&mut head).map_err(Error::read(path))?;
    Ok(head)
}

/// What the header of a program says.
#[derive(Debug, PartialEq, Eq)]
struct Machine {
    /// The systems that have such programs.
    systems: &'static [&'static str],
    /// In Go's words; empty when it is none that is known here.
    architecture: &'static str,
}

const ELF: &[&str] = &["linux", "freebsd", "netbsd", "openbsd", "illumos", "solaris", "android"];
const MACH_O: &[&str] = &["darwin", "ios"];
const WINDOWS: &[&str] = &["windows"];

fn machine(head: &[u8]) -> Option<Machine> {
    let (systems, architecture) = if head.starts_with(b"\x7fELF") {
        (ELF, elf(head)?)
    } else if head.starts_with(&0xfeed_facf_u32.to_le_bytes()) {
        (MACH_O, mach_o(u32::from_le_bytes(bytes(head, 4)?)))
    } else if head.starts_with(b"MZ") {
        (WINDOWS, windows(head)?)
    } else {
        return None;
    };
    Some(Machine { systems, architecture })
}

/// `e_machine` (System V ABI, chapter 4), with the class and the byte order that tell the architectures of one number apart.
fn elf(head: &[u8]) -> Option<&'static str> {
    let (is_64, is_little) = (*head.get(4)? == 2, *head.get(5)? == 1);
    let machine = match is_little {
        true => u16::from_le_bytes(bytes(head, 18)?),
        false => u16::from_be_bytes(bytes(head, 18)?),
    };
    Some(match (machine, is_64, is_little) {
        (3, ..) => "386",
        (62, true, _) => "amd64",
        (40, ..) => "arm",
        (183, ..) => "arm64",
        (243, true, _) => "riscv64",
        (21, true, true) => "ppc64le",
        (21, true, false) => "ppc64",
        (22, true, _) => "s390x",
        (258, true, _) => "loong64",
        (8, true, true) => "mips64le",
        (8, true, false) => "mips64",
        (8, false, true) => "mipsle",
        (8, false, false) => "mips",
        _ => "",
    })
}

/// `cputype` (`mach/machine.h`).
fn mach_o(cpu: u32) -> &'static str {
    match cpu {
        0x0100_0007 => "amd64",
        0x0100_000c => "arm64",
        _ => "",
    }
}

/// `Machine` of the COFF header (Microsoft PE format), which the word at 0x3c leads to.
fn windows(head: &[u8]) -> Option<&'static str> {
    let start = u32::from_le_bytes(bytes(head, 0x3c)?) as usize;
    if bytes(head, start)? != *b"PE\0\0" {
        return None;
    }
    Some(match u16::from_le_bytes(bytes(head, start.checked_add(4)?)?) {
        0x8664 => "amd64",
        0xaa64 => "arm64",
        0x014c => "386",
        _ => "",
    })
}

fn bytes<const N: usize>(head: &[u8], start: usize) -> Option<[u8; N]> {
    head.get(start..start.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn elf_head(machine: u16) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(64, 0);
        head[18..20].copy_from_slice(&machine.to_le_bytes());
        head
    }

    fn windows_head(machine: u16) -> Vec<u8> {
        let mut head = b"MZ".to_vec();
        head.resize(0x80, 0);
        head[0x3c] = 0x80;
        head.extend_from_slice(b"PE\0\0");
        head.extend_from_slice(&machine.to_le_bytes());
        head
    }

    fn refusal(head: &[u8], platform: &str) -> Option<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        std::fs::write(&path, head).unwrap();
        match refuse_other_machine(&path, &platform.parse().unwrap()) {
            Ok(()) => None,
            Err(Error::WrongMachine { found, .. }) => Some(found),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_program_is_accepted_for_its_own_platform_and_for_no_other() {
        let mach_o = [&0xfeed_facf_u32.to_le_bytes()[..], &0x0100_000c_u32.to_le_bytes()].concat();
        for (head, right, wrong, found) in [
            (elf_head(62), "linux/amd64", "linux/arm64", "`linux/amd64`"),
            (elf_head(183), "linux/arm64/v8", "linux/amd64", "`linux/arm64`"),
            (windows_head(0x8664), "windows/amd64", "linux/amd64", "`windows/amd64`"),
            (mach_o, "darwin/arm64", "linux/arm64", "`darwin/arm64`"),
        ] {
            assert_eq!(refusal(&head, right), None);
            assert_eq!(refusal(&head, wrong).as_deref(), Some(found));
        }
    }

    #[test]
    fn what_is_no_program_of_a_known_kind_runs_anywhere() {
        for head in [&b"#!/bin/sh\n"[..], b"", b"MZ", b"\x7fELF", &elf_head(9999)] {
            assert_eq!(refusal(head, "linux/amd64"), None);
        }
    }

    #[test]
    fn a_dynamic_program_names_its_linker_and_a_static_one_names_none() {
        let mut head = elf_head(62);
        head[32] = 64;
        head[56] = 2;
        let mut entries = vec![0; 2 * ENTRY];
        entries[..4].copy_from_slice(&1_u32.to_le_bytes());
        entries[ENTRY..ENTRY + 4].copy_from_slice(&PT_INTERP.to_le_bytes());
        let text = b"/lib64/ld-linux-x86-64.so.2\0";
        entries[ENTRY + 8..ENTRY + 10].copy_from_slice(&(64 + 2 * ENTRY as u16).to_le_bytes());
        entries[ENTRY + 32] = text.len() as u8;
        let dynamic = [&head[..], &entries, text].concat();
        assert_eq!(interpreter_in(&dynamic).as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        // One entry fewer, and nobody looks at it.
        head[56] = 1;
        assert_eq!(interpreter_in(&[&head[..], &entries, text].concat()), None);
        assert_eq!(interpreter_in(&dynamic[..dynamic.len() - 3]), None);
    }

    #[test]
    fn a_directory_is_no_program() {
        let directory = tempfile::tempdir().unwrap();
        let error = refuse_other_machine(directory.path(), &"linux/amd64".parse().unwrap()).unwrap_err();
        assert!(matches!(error, Error::Archive(crate::Error::NotAFile { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(head in prop::collection::vec(any::<u8>(), 0..200), magic in 0..4_usize) {
            let magic: &[u8] = [&b""[..], b"\x7fELF", b"MZ", &[0xcf, 0xfa, 0xed, 0xfe]][magic];
            let _ = machine(&[magic, &head].concat());
            let _ = interpreter_in(&[b"\x7fELF\x02\x01", &head[..]].concat());
        }
    }
}
