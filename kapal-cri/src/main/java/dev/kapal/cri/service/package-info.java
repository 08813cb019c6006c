/**
 * The calls themselves, one class a group: each translates, asks the engine, and translates back.
 */
@NullMarked
package dev.kapal.cri.service;

import org.jspecify.annotations.NullMarked;
