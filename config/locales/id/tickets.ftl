# Sentences of tickets, made by the rules.
