package dev.kapal.engine.store;

import dev.kapal.engine.spec.ExecSpec;

/**
 * A running exec as the next engine finds it.
 *
 * @param id its ID
 * @param number of its process in the container's sandbox
 * @param spec what was asked for
 */
public record ExecRecord(String id, int number, ExecSpec spec) {}
