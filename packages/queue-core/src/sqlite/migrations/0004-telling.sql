-- Parents that have ended and have more children than one transaction tells of it.
CREATE TABLE telling (
  parent INTEGER PRIMARY KEY,
  after INTEGER NOT NULL -- children up to this one know
) STRICT;
