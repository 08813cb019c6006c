package dev.kapal.engine.spec;

import java.util.List;
import java.util.Optional;

/**
 * What a container may do.
 *
 * @param privileged all capabilities, all devices, no seccomp, nothing masked
 * @param capAdd capability names with or without {@code CAP_}, or {@code ALL}
 * @param capDrop as capAdd; dropped after the additions unless {@code ALL} is added
 * @param noNewPrivileges set-user-ID programs give nothing (prctl(2) PR_SET_NO_NEW_PRIVS)
 * @param seccomp the system call filter
 * @param apparmor the profile's name, {@code unconfined}; empty: the runtime's default
 * @param selinuxLabel {@code user:role:type:level}; empty: none
 * @param unmaskSystemPaths /proc and /sys are shown whole
 * @param maskedPaths replaces the default list
 * @param readonlyPaths replaces the default list
 * @param capAmbient capabilities that also programs without file capabilities have in effect, for a
 *     user other than root; they are added to the others
 * @param capDefault capabilities that additions and removals start from; empty: Kapal's own default
 * @param hostDevices whether a privileged container gets all devices of the host; empty: yes
 */
public record SecuritySpec(
    boolean privileged,
    List<String> capAdd,
    List<String> capDrop,
    boolean noNewPrivileges,
    Seccomp seccomp,
    Optional<String> apparmor,
    Optional<String> selinuxLabel,
    boolean unmaskSystemPaths,
    Optional<List<String>> maskedPaths,
    Optional<List<String>> readonlyPaths,
    List<String> capAmbient,
    Optional<List<String>> capDefault,
    Optional<Boolean> hostDevices) {

  /** Docker's own defaults. */
  public static final SecuritySpec DEFAULT = new Builder().build();

  public SecuritySpec {
    capAdd = List.copyOf(capAdd);
    capDrop = List.copyOf(capDrop);
    capAmbient = capAmbient == null ? List.of() : List.copyOf(capAmbient);
    maskedPaths = maskedPaths.map(List::copyOf);
    readonlyPaths = readonlyPaths.map(List::copyOf);
    capDefault = capDefault.map(List::copyOf);
  }

  /** The same with another filter. */
  public SecuritySpec withSeccomp(Seccomp other) {
    return new SecuritySpec(
        privileged,
        capAdd,
        capDrop,
        noNewPrivileges,
        other,
        apparmor,
        selinuxLabel,
        unmaskSystemPaths,
        maskedPaths,
        readonlyPaths,
        capAmbient,
        capDefault,
        hostDevices);
  }

  /** The same with another set that additions and removals start from. */
  public SecuritySpec withCapDefault(List<String> other) {
    return new SecuritySpec(
        privileged,
        capAdd,
        capDrop,
        noNewPrivileges,
        seccomp,
        apparmor,
        selinuxLabel,
        unmaskSystemPaths,
        maskedPaths,
        readonlyPaths,
        capAmbient,
        Optional.of(other),
        hostDevices);
  }

  /** The same, where privileged does not mean the devices of the host. */
  public SecuritySpec withoutHostDevices() {
    return new SecuritySpec(
        privileged,
        capAdd,
        capDrop,
        noNewPrivileges,
        seccomp,
        apparmor,
        selinuxLabel,
        unmaskSystemPaths,
        maskedPaths,
        readonlyPaths,
        capAmbient,
        capDefault,
        Optional.of(false));
  }

  /** Whether it gets all devices of the host. */
  public boolean allDevices() {
    return privileged && hostDevices.orElse(true);
  }

  /**
   * Which filter: {@code profile} holds a Docker or OCI seccomp profile's JSON when mode is
   * PROFILE.
   */
  public record Seccomp(Mode mode, Optional<String> profile) {
    /** The kinds of filter. */
    public enum Mode {
      DEFAULT,
      UNCONFINED,
      PROFILE
    }

    public static final Seccomp BUILTIN = new Seccomp(Mode.DEFAULT, Optional.empty());
    public static final Seccomp UNCONFINED = new Seccomp(Mode.UNCONFINED, Optional.empty());

    public Seccomp {
      if ((mode == Mode.PROFILE) != profile.isPresent()) {
        throw new IllegalArgumentException(
            "a seccomp profile goes with mode PROFILE, and only there");
      }
    }

    public static Seccomp ofProfile(String json) {
      return new Seccomp(Mode.PROFILE, Optional.of(json));
    }
  }

  public static Builder builder() {
    return new Builder();
  }

  /** Collects a {@link SecuritySpec}. Not thread-safe. */
  public static final class Builder {
    private boolean privileged;
    private List<String> capAdd = List.of();
    private List<String> capDrop = List.of();
    private boolean noNewPrivileges;
    private Seccomp seccomp = Seccomp.BUILTIN;
    private Optional<String> apparmor = Optional.empty();
    private Optional<String> selinuxLabel = Optional.empty();
    private boolean unmaskSystemPaths;
    private Optional<List<String>> maskedPaths = Optional.empty();
    private Optional<List<String>> readonlyPaths = Optional.empty();
    private List<String> capAmbient = List.of();

    private Builder() {}

    public Builder privileged(boolean privileged) {
      this.privileged = privileged;
      return this;
    }

    public Builder capAdd(List<String> capAdd) {
      this.capAdd = capAdd;
      return this;
    }

    public Builder capDrop(List<String> capDrop) {
      this.capDrop = capDrop;
      return this;
    }

    public Builder capAmbient(List<String> capAmbient) {
      this.capAmbient = capAmbient;
      return this;
    }

    public Builder noNewPrivileges(boolean on) {
      this.noNewPrivileges = on;
      return this;
    }

    public Builder seccomp(Seccomp seccomp) {
      this.seccomp = seccomp;
      return this;
    }

    public Builder apparmor(String profile) {
      this.apparmor = Optional.of(profile);
      return this;
    }

    public Builder selinuxLabel(String label) {
      this.selinuxLabel = Optional.of(label);
      return this;
    }

    public Builder unmaskSystemPaths(boolean on) {
      this.unmaskSystemPaths = on;
      return this;
    }

    public Builder maskedPaths(List<String> paths) {
      this.maskedPaths = Optional.of(paths);
      return this;
    }

    public Builder readonlyPaths(List<String> paths) {
      this.readonlyPaths = Optional.of(paths);
      return this;
    }

    public SecuritySpec build() {
      return new SecuritySpec(
          privileged,
          capAdd,
          capDrop,
          noNewPrivileges,
          seccomp,
          apparmor,
          selinuxLabel,
          unmaskSystemPaths,
          maskedPaths,
          readonlyPaths,
          capAmbient,
          Optional.empty(),
          Optional.empty());
    }
  }
}
