//! TLS to the database server: which certificates, and how much of the server's certificate is verified.

use std::path::Path;

use mysql_async::{ClientIdentity, SslOpts};

use super::error::DatabaseError;
use super::settings::Tls;
use crate::domain::TlsVerify;
use crate::private_file;
use crate::untrusted::SafeText;

/// The name that is asked of a certificate whose name does not matter.
///
/// The driver lets a certificate with another name pass if the TLS library's words for it contain `NotValidForName`, which those
/// of today do not; but they contain the name that was expected. The chain of the certificate is verified before its name, so
/// nothing else passes. Should the words change, such connections are refused.
const ANY_NAME: &str = "NotValidForName";

impl Tls {
    /// What the driver needs. The files are read by the driver at each connection, so that renewed ones count.
    pub(super) fn options(&self) -> SslOpts {
        let options = SslOpts::default().with_client_identity(
            self.client
                .as_ref()
                .map(|client| ClientIdentity::new(client.certificate.clone().into(), client.key.clone().into())),
        );
        let options = match &self.ca_file {
            Some(file) => options.with_root_certs(vec![file.clone().into()]).with_disable_built_in_roots(true),
            None => options,
        };
        match self.verify {
            TlsVerify::Full => options,
            TlsVerify::Ca => {
                options.with_danger_skip_domain_validation(true).with_danger_tls_hostname_override(Some(ANY_NAME))
            }
        }
    }

    /// Looks at its files before the driver does, which would not say which of them is missing or no PEM.
    ///
    /// # Errors
    /// [`DatabaseError::TlsFile`]
    pub async fn check_files(&self) -> Result<(), DatabaseError> {
        let client = self.client.as_ref();
        let files = [
            ("CA file", self.ca_file.as_deref(), "CERTIFICATE"),
            ("client certificate", client.map(|client| client.certificate.as_path()), "CERTIFICATE"),
            ("client key", client.map(|client| client.key.as_path()), "PRIVATE KEY"),
        ];
        for (what, file, label) in files {
            if let Some(file) = file {
                check_file(what, file, label).await?;
            }
        }
        Ok(())
    }
}

async fn check_file(what: &'static str, file: &Path, label: &str) -> Result<(), DatabaseError> {
    let wrong = |reason: SafeText| DatabaseError::TlsFile { what, path: private_file::safe(file), reason };
    let bytes = tokio::fs::read(file).await.map_err(|error| wrong(SafeText::from(error.to_string())))?;
    // Anything else may be DER, about which the driver decides.
    match std::str::from_utf8(&bytes) {
        Ok(text) if !text.contains(&format!("{label}-----")) => {
            Err(wrong(SafeText::from(format!("it has no PEM block {label}"))))
        }
        _ => Ok(()),
    }
}
