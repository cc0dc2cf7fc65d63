//! Divides a budget (bytes, processes, streams) among concurrent holders.
//!
//! Guarantees: shares never exceed the budget; while others wait, a holder that has a share gets no further one that
//! would raise its total above half of the budget; the holder with the least is served first, and none is passed over
//! for ever. A request for more than one holder may have is reduced to that maximum, so that it is served alone.
//!
//! If shares are held for a long time ([`Shares::for_long`]), no holder ever has more than half of the budget,
//! whether others wait or not. Otherwise a later holder could wait for very long.
//!
//! The functions are pure; the callers do the waiting. Start with [`Shares`].

use std::collections::BTreeMap;

/// A position in the queue for a share of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

#[derive(Debug)]
struct Wish {
    ticket: Ticket,
    holder: String,
    amount: u64,
}

/// The shares of a budget and the queue for them.
#[derive(Debug)]
pub struct Shares {
    total: u64,
    /// The maximum share of one holder, even while no other waits.
    most: u64,
    free: u64,
    held: BTreeMap<String, u64>,
    line: Vec<Wish>,
    last_ticket: u64,
}

impl Shares {
    /// Creates a budget of `total` units without holders.
    pub fn new(total: u64) -> Self {
        let (held, line) = Default::default();
        Self { total, most: total, free: total, held, line, last_ticket: 0 }
    }

    /// Creates a budget whose shares are held for a long time, so that no holder may have more than half of it.
    pub fn for_long(total: u64) -> Self {
        Self { most: total / 2, ..Self::new(total) }
    }

    /// Adds a holder's request to the queue, reduced to the maximum share. Returns its ticket.
    pub fn ask(&mut self, holder: &str, amount: u64) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.line.push(Wish { ticket, holder: holder.to_owned(), amount: amount.min(self.most) });
        ticket
    }

    /// Allocates the share of a ticket and returns its size; `None` if it is not the ticket's turn. The caller tries
    /// again after any share has been returned.
    pub fn claim(&mut self, ticket: Ticket) -> Option<u64> {
        let at = self.next().filter(|at| self.line[*at].ticket == ticket)?;
        let wish = self.line.remove(at);
        self.free -= wish.amount;
        *self.held.entry(wish.holder).or_default() += wish.amount;
        Some(wish.amount)
    }

    /// Removes a ticket from the queue.
    pub fn leave(&mut self, ticket: Ticket) {
        self.line.retain(|wish| wish.ticket != ticket);
    }

    /// Returns a claimed share to the budget.
    pub fn give_back(&mut self, holder: &str, amount: u64) {
        let Some(held) = self.held.get_mut(holder) else { return };
        let amount = amount.min(*held);
        *held -= amount;
        if *held == 0 {
            self.held.remove(holder);
        }
        self.free += amount;
    }

    /// Returns the amount that all holders use.
    pub fn in_use(&self) -> u64 {
        self.total - self.free
    }

    fn held_by(&self, holder: &str) -> u64 {
        self.held.get(holder).copied().unwrap_or(0)
    }

    /// Returns the index in the queue of the request to serve next; `None` if every request has to wait.
    fn next(&self) -> Option<usize> {
        let is_alone = |wish: &Wish| self.line.iter().all(|other| other.holder == wish.holder);
        let may_grow = |wish: &Wish| {
            let held = self.held_by(&wish.holder) + wish.amount;
            held <= self.total / 2 || (held <= self.most && is_alone(wish)) || held == wish.amount
        };
        let first = (0..self.line.len())
            .filter(|at| may_grow(&self.line[*at]))
            .min_by_key(|at| (self.held_by(&self.line[*at].holder), self.line[*at].ticket))?;
        // The first in the queue is not overtaken by smaller requests.
        (self.line[first].amount <= self.free).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_holds_least_is_served_first_and_half_is_the_most_while_others_wait() {
        let mut shares = Shares::new(10);
        let greedy: Vec<Ticket> = (0..12).map(|_| shares.ask("greedy", 1)).collect();
        let granted = greedy.iter().filter(|ticket| shares.claim(**ticket).is_some()).count();
        assert_eq!(granted, 10, "alone it may have all");
        let modest = shares.ask("modest", 1);
        assert_eq!(shares.claim(modest), None);
        shares.give_back("greedy", 1);
        assert_eq!(shares.claim(greedy[10]), None, "others wait");
        assert_eq!(shares.claim(modest), Some(1));
        shares.give_back("greedy", 1);
        assert_eq!(shares.claim(greedy[10]), Some(1), "nobody waits any more");
        assert_eq!(shares.in_use(), 10);
    }

    #[test]
    fn what_is_held_for_long_is_half_at_most() {
        let mut shares = Shares::for_long(10);
        let greedy: Vec<Ticket> = (0..12).map(|_| shares.ask("greedy", 1)).collect();
        let granted = greedy.iter().filter(|ticket| shares.claim(**ticket).is_some()).count();
        assert_eq!(granted, 5);
        let modest = shares.ask("modest", 100);
        assert_eq!(shares.claim(modest), Some(5));
    }

    #[test]
    fn what_is_larger_than_the_budget_is_done_alone() {
        let mut shares = Shares::new(10);
        let small = shares.ask("a", 3);
        assert_eq!(shares.claim(small), Some(3));
        let large = shares.ask("b", 1_000);
        let later = shares.ask("c", 1);
        assert_eq!((shares.claim(large), shares.claim(later)), (None, None), "no overtaking");
        shares.give_back("a", 3);
        assert_eq!(shares.claim(large), Some(10));
        shares.leave(later);
        shares.give_back("b", 10);
        assert_eq!(shares.in_use(), 0);
    }

    proptest! {
        #[test]
        fn the_budget_holds_and_everybody_is_served(
            wishes in prop::collection::vec((0u8..4, 1u64..30), 1..40),
        ) {
            let mut shares = Shares::new(20);
            let mut waiting: Vec<(Ticket, String)> = wishes
                .iter()
                .map(|(who, amount)| (shares.ask(&who.to_string(), *amount), who.to_string()))
                .collect();
            let mut held: Vec<(String, u64)> = Vec::new();
            while !waiting.is_empty() {
                let before = waiting.len();
                waiting.retain(|(ticket, who)| match shares.claim(*ticket) {
                    Some(amount) => {
                        held.push((who.clone(), amount));
                        false
                    }
                    None => true,
                });
                prop_assert!(shares.in_use() <= 20);
                prop_assert_eq!(shares.in_use(), held.iter().map(|(_, amount)| amount).sum::<u64>());
                if waiting.len() == before {
                    prop_assert!(!held.is_empty(), "nobody is served and nothing is held");
                    let (who, amount) = held.remove(0);
                    shares.give_back(&who, amount);
                }
            }
        }
    }
}
