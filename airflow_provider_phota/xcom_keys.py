"""Names the keys under which operators and the sensor push what other tasks, and people, want to know."""

from __future__ import annotations

#: The ID of the PHOTA task, which is pushed right after the submit.
PHOTA_TASK_ID = "phota_task_id"
#: What was asked for (`results.cards.Asked`), which is pushed with the ID.
ORDER = "phota_order"
#: What the order costs: first by the answer to its submit, and in the end what it has cost.
COST = "phota_cost"
#: What the order takes from budgets, if there are budgets.
CHARGE = "phota_charge"
#: The digest of the order that was paid for, if something is found again by it. It keeps the name that it had
#: when there were only edits, for runs in flight.
DIGEST = "phota_edit_digest"
#: The path of the card, which is pushed once the pictures have landed (`results.cards.Card`).
CARD = "phota_card"
#: Where the rows of a batch are, while it runs and once it has ended.
BATCH = "phota_batch"
#: What has gone wrong in the last attempt that failed.
PROBLEM = "phota_problem"
#: What a person was asked about: the pictures' digest, and the PHOTA tasks or the batch that made them.
REVIEW = "phota_review"
#: What a person has decided, without the pictures: small, however many there are.
DECISION = "phota_decision"
#: The prompt that a reviewer wants pictures to be edited with instead.
PROMPT = "phota_prompt"
