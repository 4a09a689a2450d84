-- Run once, on an empty database server: the owner makes everything else (`dna migrate`).
CREATE ROLE dna_owner LOGIN CREATEROLE;
CREATE DATABASE dna OWNER dna_owner;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
