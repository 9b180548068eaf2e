/**
 * The headless client of Palabre: one session in one room, its media and its
 * state as signals. It draws nothing and talks to no host but its own server.
 */
export { Meeting } from './meeting';
export type { MeetingOptions } from './options';
export { MeetingError } from './errors';
export { LocalMedia, type DeviceState, type Devices, type LocalMediaOptions, type ScreenContent, type ScreenMode, type ScreenState } from './devices';
export type { Link as Signalling } from './wire';
export type { DeviceError } from './device-errors';
export type { LineStats, MeetingStats, PathStats, SeatStats } from './stats';
export type {
  Bars,
  Ended,
  Failure,
  FailureCode,
  Incoming,
  Line,
  LinkBars,
  Participant,
  Phase,
  Picture,
  PictureSource,
  Self,
  Speaking,
  Step,
  WeakLink,
} from './model';
export type { Action, Asked, Configure, DrawingCanvas, ChatFile, ChatMark, ChatQuote, Knock, Layout, LayoutMode, Media, Preview, Reaction, Reason, Role, Room, ServerMessage, ServerType, Source, Tile } from './protocol';
export type { Told } from './state';
export type { Address } from './chat';
export { MaxChat, MaxName, MaxTiles } from './protocol';
export type { ReadonlySignal } from '@preact/signals-core';
