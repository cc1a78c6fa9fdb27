/** What settings must be to each other. Both numbers stand in every text, so that either can be changed. */
import type { Settings } from './props.ts';
import { hoursText, seconds } from './durations.ts';

const DAY = 86_400;
const DAYS_PER_YEAR = 365;
/** Renewals are drawn apart over the last 1/20 of the time before the renewal time: on average 1/40 of a life earlier. */
const AVERAGE_SPREAD = 1 / 40;
/** A CA with a complete CRL issues no more than this in its life. */
const CERTIFICATES_PER_CA = 1_000_000;
/** The alarm of the stack fires here; synth warns when the CA's life reaches it. */
export const CERTIFICATES_PER_CA_ALARM = 700_000;
/** Above 1,000 hybrid nodes an account needs the advanced tier; others may have nodes too. */
const NODES_BEFORE_ADVANCED_TIER = 950;

/** Life that is left when a certificate is renewed, at the latest. */
export function remainingAtRenewal(settings: Settings): number {
  return settings.minRemaining === ''
    ? settings.certificateValidityDays * DAY * (1 - settings.renewAtFraction)
    : seconds(settings.minRemaining);
}

interface Relation {
  /** Checked only where each of these is fine alone. */
  readonly between: readonly (keyof Settings)[];
  readonly problems: (settings: Settings) => string[];
}

/** Settings that may be fine alone but not together. */
export const RELATIONS: readonly Relation[] = [
  { between: ['keyAlgorithm', 'signingAlgorithm'], problems: algorithmProblems },
  {
    between: ['certificateValidityDays', 'renewAtFraction', 'minRemaining', 'mustSurvive', 'checkInterval'],
    problems: renewalProblems,
  },
];

function algorithmProblems({ keyAlgorithm, signingAlgorithm }: Settings): string[] {
  const family = keyAlgorithm.startsWith('RSA') ? 'RSA' : 'ECDSA';
  if (signingAlgorithm.endsWith(`WITH${family}`)) return [];
  return [
    `SigningAlgorithm: got "${signingAlgorithm}", but KeyAlgorithm is "${keyAlgorithm}"; allowed: SHA256WITH${family}, ` +
      `SHA384WITH${family} or SHA512WITH${family}; change one of the two`,
  ];
}

function renewalProblems(settings: Settings): string[] {
  const life = settings.certificateValidityDays * DAY;
  const remaining = remainingAtRenewal(settings);
  if (remaining >= life) {
    return [
      `minRemaining: got "${settings.minRemaining}", but a certificate lives only ${hoursText(life)}h (certificateValidityDays ` +
        `${String(settings.certificateValidityDays)}); allowed: less than that; lower minRemaining or raise certificateValidityDays`,
    ];
  }
  const tick = seconds(settings.checkInterval);
  const survives = remaining - tick;
  if (seconds(settings.mustSurvive) <= survives) return [];
  return [
    `mustSurvive: got "${settings.mustSurvive}", but only ${hoursText(survives)}h are left when a renewal starts (life ` +
      `${hoursText(life)}h, renewed with ${hoursText(remaining)}h left, looked for every ${settings.checkInterval}); allowed: at ` +
      `most ${String(Math.floor(survives / 3_600))}h; lower mustSurvive, renew earlier (renewAtFraction, minRemaining) or raise ` +
      'certificateValidityDays',
  ];
}

export interface SettingsWarning {
  /** For acknowledging it in CDK code. */
  readonly id: string;
  readonly message: string;
}

/** Settings that will work today and hurt later: what happens, and what to do. Synth prints them. */
export function settingsWarnings(settings: Settings): SettingsWarning[] {
  const { expectedHosts, caCertValidity, maxIssuancesPerFleetPerDay } = settings;
  const warnings: SettingsWarning[] = [];
  const perHostAndYear = DAYS_PER_YEAR / daysBetweenRotations(settings);
  const perYear = Math.round(expectedHosts * perHostAndYear);
  if (perYear * caCertValidity > CERTIFICATES_PER_CA_ALARM) {
    const message =
      `expectedHosts ${String(expectedHosts)} with ${perHostAndYear.toFixed(0)} rotations a year are ${String(perYear)} ` +
      `certificates a year: the CA reaches its limit of ${String(CERTIFICATES_PER_CA)} after ` +
      `${(CERTIFICATES_PER_CA / perYear).toFixed(1)} years, and lives ${String(caCertValidity)} (CACertValidity); rotate less ` +
      'often, split the fleet over several stacks (namePrefix) or plan a new CA by then';
    warnings.push({ id: 'certvend:CertificatesPerCA', message });
  }
  if (expectedHosts > NODES_BEFORE_ADVANCED_TIER) {
    const message =
      `expectedHosts ${String(expectedHosts)}: more than 1000 hybrid nodes in one account and Region need the ` +
      'advanced-instances tier of Systems Manager, billed per node and hour for all nodes; set it or use several accounts';
    warnings.push({ id: 'certvend:AdvancedTier', message });
  }
  if (maxIssuancesPerFleetPerDay < expectedHosts) {
    const message =
      `maxIssuancesPerFleetPerDay ${String(maxIssuancesPerFleetPerDay)} is below expectedHosts ${String(expectedHosts)}: hosts ` +
      'enrolled on one day wait for the next; raise it to at least the number of hosts';
    warnings.push({ id: 'certvend:IssuancesPerFleet', message });
  }
  return warnings;
}

function daysBetweenRotations(settings: Settings): number {
  const life = settings.certificateValidityDays;
  return Math.max(life * 0.05, life - remainingAtRenewal(settings) / DAY - life * AVERAGE_SPREAD);
}
