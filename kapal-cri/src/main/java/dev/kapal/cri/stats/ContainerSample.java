package dev.kapal.cri.stats;

import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.ContainerStats;
import java.util.Optional;

/**
 * What metrics of a container are made of.
 *
 * @param layer its writable layer; empty: it has just gone
 * @param processes how many
 */
record ContainerSample(
    ContainerInfo info, ContainerStats stats, Optional<Layers.Measured> layer, int processes) {}
