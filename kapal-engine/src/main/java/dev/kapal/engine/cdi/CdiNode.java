package dev.kapal.engine.cdi;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * A device node. What is not said is the host's node's.
 *
 * @param path inside
 * @param hostPath on the host; empty: the same
 * @param type {@code b}, {@code c}, {@code u}, {@code p}; empty: the host's node's
 * @param permissions of {@code r}, {@code w}, {@code m}
 */
public record CdiNode(
    String path,
    String hostPath,
    String type,
    OptionalLong major,
    OptionalLong minor,
    Optional<Integer> fileMode,
    OptionalLong uid,
    OptionalLong gid,
    String permissions) {}
