package dev.kapal.oci.runtime;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * A range of user or group ids of a user namespace (config-linux.md, User namespace mappings).
 *
 * @param containerId first id in the container
 * @param hostId first id on the host
 * @param size how many ids
 */
public record IdMapping(
    @JsonProperty("containerID") long containerId,
    @JsonProperty("hostID") long hostId,
    long size) {}
