package dev.kapal.oci.runtime;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.annotation.JsonDeserialize;
import tools.jackson.databind.annotation.JsonSerialize;

/**
 * The system call filter (config-linux.md, Seccomp).
 *
 * @param defaultAction for calls that no rule names
 * @param defaultErrnoRet error for ERRNO and TRACE; absent: EPERM
 * @param architectures {@code SCMP_ARCH_*}; empty: the host's own
 * @param flags {@code SECCOMP_FILTER_FLAG_*}
 * @param listenerPath unix socket that receives the listener of SCMP_ACT_NOTIFY
 * @param listenerMetadata passed to that socket
 * @param syscalls the rules
 */
public record Seccomp(
    SeccompAction defaultAction,
    Optional<Integer> defaultErrnoRet,
    List<String> architectures,
    List<String> flags,
    String listenerPath,
    String listenerMetadata,
    List<Rule> syscalls) {
  /** Absent members get their defaults. */
  public Seccomp {
    defaultAction = Defaults.or(defaultAction, SeccompAction.UNKNOWN);
    defaultErrnoRet = Defaults.optional(defaultErrnoRet);
    architectures = Defaults.list(architectures);
    flags = Defaults.list(flags);
    listenerPath = Defaults.string(listenerPath);
    listenerMetadata = Defaults.string(listenerMetadata);
    syscalls = Defaults.list(syscalls);
  }

  /** A value in which everything is absent; build on it with the {@code with} methods. */
  public static Seccomp empty() {
    return new Seccomp(
        SeccompAction.UNKNOWN, Optional.empty(), List.of(), List.of(), "", "", List.of());
  }

  /** This, with another {@code defaultAction}. */
  public Seccomp withDefaultAction(SeccompAction defaultAction) {
    return new Seccomp(
        defaultAction,
        defaultErrnoRet,
        architectures,
        flags,
        listenerPath,
        listenerMetadata,
        syscalls);
  }

  /** This, with another {@code defaultErrnoRet}. */
  public Seccomp withDefaultErrnoRet(Integer defaultErrnoRet) {
    return new Seccomp(
        defaultAction,
        Optional.of(defaultErrnoRet),
        architectures,
        flags,
        listenerPath,
        listenerMetadata,
        syscalls);
  }

  /** This, with another {@code architectures}. */
  public Seccomp withArchitectures(List<String> architectures) {
    return new Seccomp(
        defaultAction,
        defaultErrnoRet,
        architectures,
        flags,
        listenerPath,
        listenerMetadata,
        syscalls);
  }

  /** This, with another {@code flags}. */
  public Seccomp withFlags(List<String> flags) {
    return new Seccomp(
        defaultAction,
        defaultErrnoRet,
        architectures,
        flags,
        listenerPath,
        listenerMetadata,
        syscalls);
  }

  /** This, with another {@code listenerPath}. */
  public Seccomp withListenerPath(String listenerPath) {
    return new Seccomp(
        defaultAction,
        defaultErrnoRet,
        architectures,
        flags,
        listenerPath,
        listenerMetadata,
        syscalls);
  }

  /** This, with another {@code listenerMetadata}. */
  public Seccomp withListenerMetadata(String listenerMetadata) {
    return new Seccomp(
        defaultAction,
        defaultErrnoRet,
        architectures,
        flags,
        listenerPath,
        listenerMetadata,
        syscalls);
  }

  /** This, with another {@code syscalls}. */
  public Seccomp withSyscalls(List<Rule> syscalls) {
    return new Seccomp(
        defaultAction,
        defaultErrnoRet,
        architectures,
        flags,
        listenerPath,
        listenerMetadata,
        syscalls);
  }

  /**
   * What happens to some calls.
   *
   * @param names system calls
   * @param action what happens
   * @param errnoRet error for ERRNO and TRACE; absent: EPERM
   * @param args all must hold; on one index twice, one of them
   */
  public record Rule(
      List<String> names, SeccompAction action, Optional<Integer> errnoRet, List<Arg> args) {
    /** Absent members get their defaults. */
    public Rule {
      names = Defaults.list(names);
      action = Defaults.or(action, SeccompAction.UNKNOWN);
      errnoRet = Defaults.optional(errnoRet);
      args = Defaults.list(args);
    }
  }

  /**
   * A condition on an argument.
   *
   * @param index 0 to 5
   * @param value unsigned; the mask for MASKED_EQ
   * @param valueTwo what the masked argument must equal
   * @param op how to compare
   */
  public record Arg(
      int index,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long value,
      @JsonDeserialize(using = Unsigned64.Reader.class)
          @JsonSerialize(using = Unsigned64.Writer.class)
          long valueTwo,
      SeccompOperator op) {
    /** Absent members get their defaults. */
    public Arg {
      op = Defaults.or(op, SeccompOperator.UNKNOWN);
    }
  }
}
