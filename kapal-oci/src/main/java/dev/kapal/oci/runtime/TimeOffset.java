package dev.kapal.oci.runtime;

/** Offset of a clock of a time namespace (time_namespaces(7)). */
public record TimeOffset(long secs, long nanosecs) {}
