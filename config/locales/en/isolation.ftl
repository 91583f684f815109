# Vantages that are cut off from their own network, and their witnesses.
symptom-vantage-isolated = Vantage { $host } has been isolated since { $since_at }: all its witnesses ({ $count }) fail. What it sees over the network is unknown (services: { $services }).
reason-vantage-isolated = Vantage { $host } has been isolated since { $since_at }: what it reports as failed is unknown
vantage-isolated-since = isolated since { $since }: all its witnesses ({ $count }) fail. Services that it sees over the network are unknown, not down.
explain-isolated = Vantage isolated { $since } to { $until }: all its witnesses ({ $count }) failed. Failures within are unknown, not down.
explain-role-blinded = vantage isolated: unknown
explain-witness = Witness { $witness }: { $answers }
witness-title = Witnesses of this vantage's network
witness-hint = While all of them fail, what this host sees fail over the network counts as unknown.
witness-unasked = Not asked yet
witness-failing-since = failing since { $time }
