//! What signing in is about, as types.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::untrusted::SafeText;

/// An IMS organization id: `ident@authSrc` (protocol page §4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrganizationId(SafeText);

impl OrganizationId {
    /// The id made of the two parts of an `orgRef`.
    #[must_use]
    pub fn new(ident: &str, auth_src: &str) -> Self {
        Self(SafeText::new(&format!("{ident}@{auth_src}")))
    }

    /// The id that a person typed or that was saved; `None` unless it has both parts.
    pub fn parse(text: &str) -> Option<Self> {
        let (ident, auth_src) = text.trim().split_once('@')?;
        let is_plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && c != '@');
        (is_plain(ident) && is_plain(auth_src)).then(|| Self::new(ident, auth_src))
    }

    /// As it is saved and sent.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// An organization that the signed-in Adobe ID belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: SafeText,
    /// Such as `Enterprise`, where IMS says so.
    pub kind: Option<SafeText>,
    /// ISO 3166 country code, where IMS says so.
    pub country: Option<SafeText>,
}

/// Who signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignedInAs {
    /// A person, by authorization code and PKCE.
    Person,
    /// A service, by client credentials.
    Service,
}

/// A sign-in that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// A person or a service.
    pub kind: SignedInAs,
    /// The name that IMS gives; the client id of a service.
    pub name: SafeText,
    /// The address, where IMS gives one.
    pub email: Option<SafeText>,
    /// When the access token expires.
    pub until: Timestamp,
    /// Whether it is renewed without a person when it expires.
    pub is_renewable: bool,
    /// Where the tokens are, and whether they are encrypted: a sentence without an end.
    pub kept: SafeText,
}

/// A sign-in that waits for the address that the person is sent back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSignIn {
    /// The address to open, anywhere.
    pub url: SafeText,
    /// Since when it waits.
    pub since: Timestamp,
    /// Whether it was begun by an earlier run of the program and is gone on with.
    pub is_resumed: bool,
}

/// Where signing in stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SignIn {
    /// Not signed in.
    #[default]
    Out,
    /// It was begun and not finished.
    Pending(PendingSignIn),
    /// Somebody is signed in.
    In(SignedIn),
    /// The token expired and cannot be renewed: sign in again.
    Expired {
        /// Who it was.
        name: SafeText,
        /// Since when.
        at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_id_has_two_parts() {
        assert_eq!(OrganizationId::parse(" 5A9D@AdobeOrg\n"), Some(OrganizationId::new("5A9D", "AdobeOrg")));
        for wrong in ["", "5A9D", "@AdobeOrg", "5A9D@", "5A 9D@AdobeOrg", "a@b@c", "5A\u{202e}9D@AdobeOrg"] {
            assert_eq!(OrganizationId::parse(wrong), None, "{wrong:?}");
        }
    }
}
