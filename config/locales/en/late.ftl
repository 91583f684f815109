# Late records of backups in final months, logs tied to their base sets, drafts of reports.

claim-backups = Late backup records: { $set }
late-figures = RPO before and after
late-reason = Records of this backup set came after their month was final. That month's figures stay until two people agree to the change.
late-records = Records that came late
late-records-empty = No records.
late-record-new = not known when that month became final
late-record-known = data point { $data }, ended { $end }
late-record-deleted = gone { $time }
late-record-verified = verified { $time }
late-column-record = Backup
late-column-before = Known before
late-column-after = Known now
late-unwatched = not watched
late-verdict-kept = RPO held
late-verdict-broken = RPO exceeded

form-continuity-rpo = From { $time } (catalogue revision { $revision }): RPO of { $set } from { $before } to { $after }. Each instant is judged by the terms in force then.
form-continuity-rto = From { $time } (catalogue revision { $revision }): RTO of the service from { $before } to { $after }. Recoveries are judged by the RTO in force when they were recorded.
form-continuity-policy = From { $time } (catalogue revision { $revision }): what counts as a backup of { $set } changed; its RPO stays { $after }.
form-rpo-side = { $verdict }, exceeded for { $breach } of { $counted } seconds, highest exposure { $peak }
form-rpo-month = { $month }: before ({ $before }); after ({ $after }).
form-pending = Corrections not decided: { $count }
form-pending-note = These proposals have changed no figure yet. The last column shows the period's figures if they were approved now.
form-if-approved = If approved
form-pending-effect = availability { $before } to { $after }; downtime { $down_before } to { $down_after } seconds
form-withdrawal = Withdrawal of a correction
form-summary-by-target = G22/G47: the summary counts the verdict over each service's own target period; the verdict over the report's period stands beside it.
form-verdict-binding = { $binding } (report period: { $own })
form-target-parts-note = G22/G45: this target is meant for a shorter period than the report's. The service counts as meeting it when every target period in the report does.
form-breach-s = Seconds exceeded
form-counted-s = Seconds counted
form-recovery-formula = Time within RPO = (seconds counted − seconds exceeded) ÷ seconds counted, floored. The highest exposure is the age of the newest data point just before the next backup became usable.
form-floor-note = All percentages are floored at two decimals; comparisons with targets use seconds, not the printed percentages.

delivery-column-about = Ticket or backup set
delivery-notice-at-risk = RPO at risk
delivery-notice-risk-over = RPO no more at risk

report-month-verdict = over this month: { $verdict }
report-draft-title = Download a draft
report-draft-text = These files are provisional and unsigned: they hold the figures known now. The report that counts is the frozen monthly report.

set-base = Base of the logs
set-base-usable = { $set }: usable; the logs are counted on top of it
set-base-missing = { $set }: no usable base backup, so these logs restore nothing
report-quotient = { $part } ÷ { $whole } s
