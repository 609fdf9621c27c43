/** Consent of a customer to an application of its partner. */
export interface ApplicationConsent {
  readonly applicationId: string
  readonly displayName: string
  readonly applicationGrants: readonly ApplicationGrant[]
}

/** What an application may do at one API in the customer's tenant. */
export interface ApplicationGrant {
  readonly enterpriseApplicationId: string
  /** Permissions, comma-separated. */
  readonly scope: string
}
