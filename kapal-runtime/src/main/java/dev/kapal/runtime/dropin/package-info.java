/**
 * The drop-in for runc: the OCI command line, executed by a thin native program in the caller's own
 * process tree, decided here. docs/kapal-oci.md.
 */
@org.jspecify.annotations.NullMarked
package dev.kapal.runtime.dropin;
