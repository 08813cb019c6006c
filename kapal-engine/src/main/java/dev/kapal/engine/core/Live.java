package dev.kapal.engine.core;

import dev.kapal.network.Attachment;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.Sandbox;
import java.util.Optional;

/** A container's present run. */
record Live(Sandbox sandbox, Container container, Optional<Attachment> network) {}
