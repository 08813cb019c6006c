package dev.kapal.runtime.dropin;

import dev.kapal.linux.Capabilities;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.oci.runtime.MemoryPolicy;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.plan.HostFacts;
import dev.kapal.runtime.plan.PlanCompiler;
import dev.kapal.runtime.seccomp.SeccompCompiler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The document of {@code features} (features.md, features-linux.md). */
final class Features {
  private Features() {}

  static Map<String, Object> document(HostFacts facts, String version) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("ociVersionMin", "1.0.0");
    all.put("ociVersionMax", DropIn.SPECIFICATION);
    all.put(
        "hooks",
        List.of(
            "prestart",
            "createRuntime",
            "createContainer",
            "startContainer",
            "poststart",
            "poststop"));
    all.put("mountOptions", PlanCompiler.mountOptions());
    all.put("linux", linux(facts));
    all.put(
        "annotations",
        Map.of("dev.kapal.version", version, "dev.kapal.checkpoint.enabled", "false"));
    all.put("potentiallyUnsafeConfigAnnotations", List.of());
    return all;
  }

  private static Map<String, Object> linux(HostFacts facts) {
    KernelFeatures kernel = facts.features();
    Map<String, Object> linux = new LinkedHashMap<>();
    linux.put(
        "namespaces",
        Stream.of(NamespaceType.values())
            .filter(t -> t != NamespaceType.UNKNOWN)
            .map(Features::word)
            .sorted()
            .toList());
    linux.put("capabilities", Capabilities.names());
    linux.put(
        "cgroup",
        Map.of("v1", true, "v2", true, "systemd", true, "systemdUser", false, "rdma", false));
    Map<String, Object> seccomp = new LinkedHashMap<>();
    seccomp.put("enabled", !kernel.seccompActions().isEmpty());
    seccomp.put(
        "actions",
        List.of(
            "SCMP_ACT_ALLOW",
            "SCMP_ACT_ERRNO",
            "SCMP_ACT_KILL",
            "SCMP_ACT_KILL_PROCESS",
            "SCMP_ACT_KILL_THREAD",
            "SCMP_ACT_LOG",
            "SCMP_ACT_NOTIFY",
            "SCMP_ACT_TRACE",
            "SCMP_ACT_TRAP"));
    seccomp.put(
        "operators",
        List.of(
            "SCMP_CMP_EQ",
            "SCMP_CMP_GE",
            "SCMP_CMP_GT",
            "SCMP_CMP_LE",
            "SCMP_CMP_LT",
            "SCMP_CMP_MASKED_EQ",
            "SCMP_CMP_NE"));
    seccomp.put("archs", SeccompCompiler.architectures());
    seccomp.put("knownFlags", SeccompCompiler.flags());
    seccomp.put("supportedFlags", SeccompCompiler.flags());
    linux.put("seccomp", seccomp);
    linux.put("apparmor", Map.of("enabled", true));
    linux.put("selinux", Map.of("enabled", true));
    linux.put("intelRdt", Map.of("enabled", true, "schemata", true, "monitoring", true));
    linux.put("mountExtensions", Map.of("idmap", Map.of("enabled", kernel.idmappedMounts())));
    linux.put("netDevices", Map.of("enabled", true));
    Map<String, Object> policy = new LinkedHashMap<>();
    policy.put("modes", MemoryPolicy.MODES);
    policy.put("flags", MemoryPolicy.FLAGS);
    linux.put("memoryPolicy", policy);
    return linux;
  }

  private static String word(NamespaceType type) {
    return type.name().toLowerCase(java.util.Locale.ROOT);
  }
}
