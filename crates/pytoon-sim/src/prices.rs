//! The prices of tasks, and the refunds of failed tasks.
//!
//! The numbers are public hints or assumptions, not promises, and may become outdated. Operations without a
//! price in this module cost nothing here.

/// The value of a cent, and of a Runway credit, in millionths of a dollar.
const CENT: u64 = 10_000;

/// A vendor's billing rules: for each outcome of a task, true if the vendor charges for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Billing {
    pub(crate) failed: bool,
    pub(crate) moderated: bool,
    pub(crate) cancelled_in_queue: bool,
    pub(crate) cancelled_running: bool,
}

/// Returns the billing rules of a vendor. A vendor that documents no refund for a cancelled task is simulated without
/// one.
pub(crate) fn billing(vendor: &str) -> Billing {
    let (failed, moderated, cancelled_in_queue, cancelled_running) = match vendor {
        // Moderated tasks cost the same as delivered ones; a cancel of a running task is not refunded.
        "runway" => (false, true, false, true),
        // Errors of the service are not billed; a running task may finish and be billed after a cancel.
        "fal" => (false, false, false, true),
        // Failures of any kind are refunded; the effect of a delete on the bill is undocumented.
        "luma-agents" | "luma-dm" => (false, false, true, true),
        _ => (false, false, false, true),
    };
    Billing { failed, moderated, cancelled_in_queue, cancelled_running }
}

/// Returns the price of a clip by a Runway model, from its credits per second. With audio, the higher of two
/// published prices applies.
pub(crate) fn runway(model: &str, seconds: u64, sound: bool) -> u64 {
    let credits = match (model, sound) {
        ("gen4_turbo", _) => 5,
        ("gen4.5", _) => 12,
        ("veo3.1", true) => 40,
        ("veo3.1", false) => 20,
        ("veo3.1_fast", true) => 15,
        ("veo3.1_fast", false) => 10,
        _ => 36,
    };
    credits * seconds * CENT
}

/// Returns the price of a clip by Pika 2.2 at fal. Five seconds have a published price, and ten cost twice that.
pub(crate) fn pika(resolution: &str, seconds: u64) -> u64 {
    let five_seconds = if resolution == "1080p" { 45 } else { 20 };
    five_seconds * CENT * seconds / 5
}

/// Returns the price of a clip by Luma. The only published price is that of five seconds of `ray-2`; a clip by the
/// flash model is assumed to cost a third of it.
pub(crate) fn luma(model: &str, seconds: u64) -> u64 {
    let five_seconds = if model == "ray-flash-2" { 24 } else { 71 };
    five_seconds * CENT * seconds / 5
}

/// Returns the price of a clip by the invented vendor: four cents per second.
pub(crate) fn acme(seconds: u64) -> u64 {
    4 * CENT * seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_follow_the_hints() {
        assert_eq!(runway("gen4_turbo", 5, false), 250_000);
        assert_eq!(pika("720p", 5), 200_000);
        assert_eq!(pika("1080p", 10), 900_000);
        assert_eq!(luma("ray-2", 5), 710_000);
    }
}
