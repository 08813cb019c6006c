package dev.kapal.oci.runtime;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is specific to Linux (config-linux.md).
 *
 * @param uidMappings of the user namespace
 * @param gidMappings of the user namespace
 * @param sysctl kernel parameters of the namespaces
 * @param resources cgroup limits
 * @param cgroupsPath cgroup below the mount points; empty: the runtime chooses
 * @param namespaces those that are not listed are the runtime's own
 * @param devices device nodes beside the default ones
 * @param netDevices network devices to move, by their name on the host
 * @param seccomp system call filter
 * @param rootfsPropagation {@code shared}, {@code slave}, {@code private} or {@code unbindable}
 * @param maskedPaths paths that cannot be read
 * @param readonlyPaths paths that cannot be written
 * @param mountLabel SELinux label of mounts
 * @param intelRdt cache and memory bandwidth
 * @param personality execution domain
 * @param timeOffsets clocks of the time namespace
 * @param memoryPolicy NUMA
 */
public record Linux(
    List<IdMapping> uidMappings,
    List<IdMapping> gidMappings,
    Map<String, String> sysctl,
    Optional<Resources> resources,
    String cgroupsPath,
    List<Namespace> namespaces,
    List<Device> devices,
    Map<String, NetDevice> netDevices,
    Optional<Seccomp> seccomp,
    String rootfsPropagation,
    List<String> maskedPaths,
    List<String> readonlyPaths,
    String mountLabel,
    Optional<IntelRdt> intelRdt,
    Optional<Personality> personality,
    Map<String, TimeOffset> timeOffsets,
    Optional<MemoryPolicy> memoryPolicy) {
  /** Absent members get their defaults. */
  public Linux {
    uidMappings = Defaults.list(uidMappings);
    gidMappings = Defaults.list(gidMappings);
    sysctl = Defaults.map(sysctl);
    resources = Defaults.optional(resources);
    cgroupsPath = Defaults.string(cgroupsPath);
    namespaces = Defaults.list(namespaces);
    devices = Defaults.list(devices);
    netDevices = Defaults.map(netDevices);
    seccomp = Defaults.optional(seccomp);
    rootfsPropagation = Defaults.string(rootfsPropagation);
    maskedPaths = Defaults.list(maskedPaths);
    readonlyPaths = Defaults.list(readonlyPaths);
    mountLabel = Defaults.string(mountLabel);
    intelRdt = Defaults.optional(intelRdt);
    personality = Defaults.optional(personality);
    timeOffsets = Defaults.map(timeOffsets);
    memoryPolicy = Defaults.optional(memoryPolicy);
  }

  /** A value in which everything is absent; build on it with the {@code with} methods. */
  public static Linux empty() {
    return new Linux(
        List.of(),
        List.of(),
        Map.of(),
        Optional.empty(),
        "",
        List.of(),
        List.of(),
        Map.of(),
        Optional.empty(),
        "",
        List.of(),
        List.of(),
        "",
        Optional.empty(),
        Optional.empty(),
        Map.of(),
        Optional.empty());
  }

  /** This, with another {@code uidMappings}. */
  public Linux withUidMappings(List<IdMapping> uidMappings) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code gidMappings}. */
  public Linux withGidMappings(List<IdMapping> gidMappings) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code sysctl}. */
  public Linux withSysctl(Map<String, String> sysctl) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code resources}. */
  public Linux withResources(Resources resources) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        Optional.of(resources),
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code cgroupsPath}. */
  public Linux withCgroupsPath(String cgroupsPath) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code namespaces}. */
  public Linux withNamespaces(List<Namespace> namespaces) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code devices}. */
  public Linux withDevices(List<Device> devices) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code netDevices}. */
  public Linux withNetDevices(Map<String, NetDevice> netDevices) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code seccomp}. */
  public Linux withSeccomp(Seccomp seccomp) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        Optional.of(seccomp),
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code rootfsPropagation}. */
  public Linux withRootfsPropagation(String rootfsPropagation) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code maskedPaths}. */
  public Linux withMaskedPaths(List<String> maskedPaths) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code readonlyPaths}. */
  public Linux withReadonlyPaths(List<String> readonlyPaths) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code mountLabel}. */
  public Linux withMountLabel(String mountLabel) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code intelRdt}. */
  public Linux withIntelRdt(IntelRdt intelRdt) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        Optional.of(intelRdt),
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code personality}. */
  public Linux withPersonality(Personality personality) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        Optional.of(personality),
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code timeOffsets}. */
  public Linux withTimeOffsets(Map<String, TimeOffset> timeOffsets) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        memoryPolicy);
  }

  /** This, with another {@code memoryPolicy}. */
  public Linux withMemoryPolicy(MemoryPolicy memoryPolicy) {
    return new Linux(
        uidMappings,
        gidMappings,
        sysctl,
        resources,
        cgroupsPath,
        namespaces,
        devices,
        netDevices,
        seccomp,
        rootfsPropagation,
        maskedPaths,
        readonlyPaths,
        mountLabel,
        intelRdt,
        personality,
        timeOffsets,
        Optional.of(memoryPolicy));
  }

  /** The namespace of a kind, when it is listed. */
  public Optional<Namespace> namespace(NamespaceType type) {
    return namespaces.stream().filter(n -> n.type() == type).findFirst();
  }
}
