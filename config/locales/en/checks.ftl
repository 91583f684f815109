### Checks that could not be made, on a host's page.

unasked-title = Checks that could not be made
unasked-note = While this lasts, the service's state as seen from this host is unknown; the service itself does not count as failed.
unasked-refused = Refused
unasked-trouble = Trouble at the asking host
column-why = Why
