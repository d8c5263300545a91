-- So many case numbers of a month, once each: the answer is the last one. No row: nobody asked yet in this month.
UPDATE nightly_casenumber SET last = last + %(count)s WHERE month = %(month)s RETURNING last
