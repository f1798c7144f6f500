"""What the tests of this folder share: brokers, Controllers and name servers, ours and the official ones, and an official client.

Tests print "PASS name" and "FAIL name reason". Every wait has a limit; what was started ends with the test, by its id.
"""
