package dev.kapal.runtime.plan;

import java.util.Map;
import java.util.Optional;

/**
 * What the plan of a further process depends on.
 *
 * @param targetPid process whose namespaces it joins
 * @param namespaces CLONE_NEW* flags of the namespaces to join
 * @param cgroups controller → directory to be entered by writing
 * @param cloneIntoCgroup whether the launch comes with a cgroup v2 directory
 * @param stdio bits of docs/launch-plan.md; and 16, 32, 64: the stream is the host's null device
 * @param preserveFds how many descriptors are passed through
 * @param newKeyring join a new session keyring
 * @param keyring name of it
 * @param seccomp the compiled filter
 */
public record ExecInputs(
    int targetPid,
    long namespaces,
    Map<String, String> cgroups,
    boolean cloneIntoCgroup,
    int stdio,
    int preserveFds,
    boolean newKeyring,
    String keyring,
    Optional<SeccompProgram> seccomp) {}
