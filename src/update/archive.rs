//! The program within an archive.

use std::io::Read as _;

use flate2::read::GzDecoder;
use tar::Archive;

/// The program has 40 MB.
const PROGRAM_LIMIT: u64 = 500 * 1024 * 1024;

/// The file `bin/commerce-connector` of the archive.
pub(super) fn program(gzip: &[u8]) -> Result<Vec<u8>, String> {
    let broken = |error: std::io::Error| format!("it cannot be unpacked: {error}");
    let mut archive = Archive::new(GzDecoder::new(gzip));
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let is_program = entry.path().is_ok_and(|path| path.ends_with("bin/commerce-connector"));
        if is_program && entry.header().entry_type().is_file() {
            let mut program = Vec::new();
            entry.take(PROGRAM_LIMIT).read_to_end(&mut program).map_err(broken)?;
            return Ok(program);
        }
    }
    Err("it has no bin/commerce-connector".to_owned())
}
