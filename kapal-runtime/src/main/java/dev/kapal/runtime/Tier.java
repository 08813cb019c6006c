package dev.kapal.runtime;

/** How strongly a runtime isolates. */
public enum Tier {
  /** Namespaces, cgroups, seccomp and capabilities on the host's kernel. */
  NATIVE,
  /** System calls answered by an application kernel. */
  SANDBOX,
  /** A kernel of its own in a virtual machine. */
  VM
}
