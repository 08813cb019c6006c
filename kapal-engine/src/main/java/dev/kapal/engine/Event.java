package dev.kapal.engine;

import java.time.Instant;
import java.util.Map;

/**
 * Something that happened.
 *
 * @param sequence grows by one with each event of this engine
 * @param time when
 * @param type {@code container}, {@code image}, {@code volume}, {@code network}, {@code daemon}
 * @param action in Docker's words: {@code start}, {@code die}, {@code exec_create: ls}
 * @param actor ID or name of what it happened to
 * @param attributes name, image, exitCode, signal, labels …
 */
public record Event(
    long sequence,
    Instant time,
    String type,
    String action,
    String actor,
    Map<String, String> attributes) {}
